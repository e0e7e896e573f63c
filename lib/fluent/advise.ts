/** `advise(snapshot).wanting("2GiB")`: the chance to get memory on a machine of which a snapshot is known, and what to change. */
import type { Size } from "../base/units";
import { type Sample, sampleOf } from "../calibration/sample";
import { type Advice, adviseOn } from "../explain/advise/advise";
import { adviceText } from "../explain/advise/text";
import type { WayName } from "../explain/advise/want";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { textBundle } from "../notebook/text-bundle";
import { readAnySnapshot } from "../trace/any-snapshot";
import type { MachineSnapshot } from "../trace/machine-snapshot";

interface Asked {
  readonly seeds?: number;
  readonly by?: readonly WayName[];
  readonly samples: readonly Sample[];
}

/** A machine of which advice is asked. Methods return a new one. */
export class AdviseBuilder {
  /** Use {@link advise}. */
  constructor(
    private readonly snapshot: MachineSnapshot,
    private readonly asked: Asked,
  ) {}

  /** Ways to try: buddy, alloc-contig-pages, hugetlb-runtime, cma. Default all that the want allows. */
  by(...ways: WayName[]): AdviseBuilder {
    return new AdviseBuilder(this.snapshot, { ...this.asked, by: ways });
  }

  /** Machines to draw; default 8. */
  seeds(n: number): AdviseBuilder {
    return new AdviseBuilder(this.snapshot, { ...this.asked, seeds: n });
  }

  /** Samples to which the mix of the day is fitted, as `readSeries(dir)` reads them; without any no day is run. */
  dayOf(samples: readonly Sample[]): AdviseBuilder {
    return new AdviseBuilder(this.snapshot, { ...this.asked, samples });
  }

  /** Draws the machines and asks them: `"2GiB"`, `"8x1GiB"`, `"order 9"`, or bytes. */
  wanting(want: Size): AdviceResult {
    const { seeds, by, samples } = this.asked;
    return new AdviceResult(adviseOn(this.snapshot, { want, seeds, by, samples }));
  }
}

/** Advice, as numbers and as a page of text. */
export class AdviceResult {
  /** Use {@link advise}. */
  constructor(private readonly advice: Advice) {
    Object.freeze(this);
  }

  /** Everything, as `pageblock advise --json` prints it. */
  toJSON(): Advice {
    return this.advice;
  }

  /** A page of text. */
  text(): string {
    return adviceText(this.advice);
  }

  /** Shows the text, in a notebook or on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  [DISPLAY](): MimeBundle {
    return textBundle(this.text(), []);
  }
}

/**
 * Advice for a machine of which a snapshot is known, or its file, a folder with copies of its files, or a tar of one. The day more is fitted to the snapshot itself; `dayOf()` gives a
 * series.
 * @throws InputError for a snapshot that contradicts itself, or that has neither buddyinfo nor pagetypeinfo
 * @example
 * ```ts
 * import { advise, snapshotFrom } from "pageblock";
 *
 * const row = "test/fixtures/live-machine/2m-occ80-unm0-holes0-comp0";
 * const snapshot = snapshotFrom([`${row}/buddyinfo.s0`, `${row}/pagetypeinfo.s0`]);
 * const advice = advise(snapshot).dayOf([]).seeds(2).wanting("100x2MiB");
 * advice.toJSON().chances[0]!.granted; // => 2
 * ```
 */
export function advise(snapshot: string | MachineSnapshot): AdviseBuilder {
  const file = typeof snapshot === "string" ? snapshot : "snapshot";
  const read = typeof snapshot === "string" ? readAnySnapshot(snapshot) : snapshot;
  return new AdviseBuilder(read, { samples: [sampleOf(read, file)] });
}
