/** Counts by a word of the trace. A hostile trace has no end of words, so there is a limit to those that are kept apart. */

const WORDS_MOST = 1024;
const LETTERS_MOST = 60;
const OTHERS = "(others)";

/** A word of the trace as results show it: short and printable. */
export const shortWord = (text: string): string =>
  text
    .slice(0, LETTERS_MOST)
    .replace(/[^ -~]/g, "?")
    .trim() || "(none)";

/** Sums by word, the largest first. */
export class Tally {
  private readonly sums = new Map<string, number>();

  add(text: string, amount = 1): void {
    const known = this.sums.get(text);
    if (known !== undefined) this.sums.set(text, known + amount);
    else {
      const word = shortWord(text);
      const key = this.sums.has(word) || this.sums.size < WORDS_MOST ? word : OTHERS;
      this.sums.set(key, (this.sums.get(key) ?? 0) + amount);
    }
  }

  get(word: string): number {
    return this.sums.get(word) ?? 0;
  }

  get total(): number {
    let total = 0;
    for (const sum of this.sums.values()) total += sum;
    return total;
  }

  /** The largest `most` sums; equal ones by word. */
  largest(most = WORDS_MOST + 1): [word: string, sum: number][] {
    const byWord = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    return [...this.sums].sort(([a, m], [b, n]) => n - m || byWord(a, b)).slice(0, most);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.largest());
  }
}

/** Adds to a column of sums by order. */
export function addToOrder(sums: number[], order: number, amount = 1): void {
  while (sums.length <= order) sums.push(0);
  sums[order]! += amount;
}

/** `1 page`, `1,024 pages` */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
