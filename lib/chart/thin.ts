/** Rules that keep charts small for any input; the figure says what was left out. */

/** At most `max` of `n` indices: every k-th from the first, and the last. */
export function everyNth(n: number, max: number): number[] {
  if (n <= max) return Array.from({ length: n }, (_, at) => at);
  const step = Math.ceil((n - 1) / (max - 1));
  const places: number[] = [];
  for (let at = 0; at < n - 1; at += step) places.push(at);
  return [...places, n - 1];
}

/** The note under a title if points were left out: `one in 4 of 4,000 samples is drawn`. */
export function thinned(n: number, kept: number, what: string): string | undefined {
  if (kept >= n) return undefined;
  const step = Math.ceil((n - 1) / (kept - 1));
  return `one in ${step} of ${n} ${what} is drawn`;
}

const SUBTITLE_MAX = 180;

/** Subtitle and notes, one after the other; a long subtitle is cut, so that the notes always fit. A note that the subtitle says already is not repeated. */
export function withNote(
  subtitle: string | undefined,
  ...notes: (string | undefined)[]
): { subtitle?: string } {
  const cut = (text: string) => (text.length <= SUBTITLE_MAX ? text : `${text.slice(0, SUBTITLE_MAX - 1)}…`);
  const there = (part: string | undefined): part is string => part !== undefined && part !== "";
  const said = notes.filter(there).filter((note) => subtitle?.includes(note) !== true);
  const words = [subtitle, ...said].filter(there).map(cut);
  return words.length === 0 ? {} : { subtitle: words.join("; ") };
}
