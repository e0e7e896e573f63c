/** How charts stay small whatever they are given; every rule says in the figure what was left out. */

/** At most `max` of `n` places: every k-th from the first, and the last. */
export function everyNth(n: number, max: number): number[] {
  if (n <= max) return Array.from({ length: n }, (_, at) => at);
  const step = Math.ceil((n - 1) / (max - 1));
  const places: number[] = [];
  for (let at = 0; at < n - 1; at += step) places.push(at);
  return [...places, n - 1];
}

/** What is said under a title when places were left out: `every 4th of 4,000 samples`. */
export function thinned(n: number, kept: number, what: string): string | undefined {
  if (kept >= n) return undefined;
  const step = Math.ceil((n - 1) / (kept - 1));
  return `one in ${step} of ${n} ${what} is drawn`;
}

const SUBTITLE_MAX = 180;

/** Subtitle and note on one line; of a long subtitle its beginning, so that the note is always there. */
export function withNote(subtitle: string | undefined, note: string | undefined): { subtitle?: string } {
  const cut = (text: string) => (text.length <= SUBTITLE_MAX ? text : `${text.slice(0, SUBTITLE_MAX - 1)}…`);
  const words = [subtitle === undefined ? undefined : cut(subtitle), note].filter(
    (part) => part !== undefined,
  );
  return words.length === 0 ? {} : { subtitle: words.join("; ") };
}
