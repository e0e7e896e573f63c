/** Text from input in a figure: shown literally and cut to a limited length. */

/** Plotly interprets `<b>`, `<br>`, `<a href>` and entities in every text; escaping shows them literally. */
const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** `text` for a Plotly figure: its markup escaped, on one line, at most `lettersMax` letters (the last an ellipsis). */
export function label(text: string, lettersMax = 80): string {
  const line = text.replace(/\s+/g, " ");
  const letters = [...line];
  const kept = letters.length <= lettersMax ? line : `${letters.slice(0, lettersMax - 1).join("")}…`;
  return kept.replace(/[&<>]/g, (c) => ENTITIES[c]!);
}

/**
 * Makes labels distinct: two equal texts would be one category of an axis, so the second gets a number.
 */
export function distinctLabels(texts: readonly string[], lettersMax?: number): string[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const first = label(text, lettersMax);
    let shown = first;
    for (let times = 2; seen.has(shown); times++) shown = `${first} (${times})`;
    seen.add(shown);
    return shown;
  });
}

export const labels = (texts: readonly string[]): string[] => texts.map((text) => label(text));

/** `1234567` → `1,234,567`; three significant digits below 100. */
export function number(value: number): string {
  const digits =
    Math.abs(value) >= 100 || Number.isInteger(value)
      ? value.toFixed(0)
      : String(Number(value.toPrecision(3)));
  if (!/^-?\d{4,}$/.test(digits)) return digits;
  return digits.replace(/\B(?=(?:\d{3}){1,8}$)/g, ",");
}

/** `1` → `1 page`, `2048` → `2,048 pages`. */
export const pages = (n: number): string => `${number(n)} page${n === 1 ? "" : "s"}`;
