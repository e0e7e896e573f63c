/** Means of recorded values over simulated time. */
import type { SeriesColumns } from "./bounded-series";

/**
 * The mean of `name` over the time that the series cover together: each stretch between two moments counts with its length, and the
 * value goes in a straight line from one to the next. If no time passed, it is the last value.
 */
export function meanOverTime(series: readonly SeriesColumns[], name: string): number {
  const moments = series.flatMap(({ atMs, values }, from) =>
    atMs.map((at, i) => ({ at, value: values[name]![i]!, from, i })),
  );
  // Of equal times, those of a later series are later: the requests come last.
  moments.sort((a, b) => a.at - b.at || a.from - b.from || a.i - b.i);
  let sum = 0;
  for (let i = 1; i < moments.length; i++) {
    const [before, now] = [moments[i - 1]!, moments[i]!];
    sum += ((now.at - before.at) * (before.value + now.value)) / 2;
  }
  const last = moments.at(-1)!;
  const lasted = last.at - moments[0]!.at;
  return lasted === 0 ? last.value : sum / lasted;
}
