/** The cells of this session, for the up arrow of consoles and the history request. */
interface Entry {
  readonly line: number;
  readonly source: string;
  /** As it was run: without its magic lines. */
  readonly run: string;
  output: string | null;
}

/** What a history request asks for; see "History" in Jupyter's messaging specification. */
interface Wanted {
  readonly hist_access_type?: "range" | "tail" | "search";
  readonly output?: boolean;
  readonly raw?: boolean;
  readonly session?: number;
  readonly start?: number;
  readonly stop?: number | null;
  readonly n?: number | null;
  readonly pattern?: string | null;
  readonly unique?: boolean;
}

/** This kernel keeps one session; a range of session 0 or below means the current one. */
const SESSION = 1;
/** An output's text is kept up to here. */
const MAX_OUTPUT_CHARS = 10_000;

export class History {
  private readonly entries: Entry[] = [];

  add(line: number, source: string, run: string): void {
    this.entries.push({ line, source, run, output: null });
  }

  /** The text of the result of the cell that was added last. */
  setOutput(text: unknown): void {
    const entry = this.entries.at(-1);
    if (entry !== undefined && typeof text === "string") entry.output = text.slice(0, MAX_OUTPUT_CHARS);
  }

  /** `[session, line, input]`, or with outputs `[session, line, [input, output]]`. */
  answer(wanted: Wanted): unknown[] {
    const raw = wanted.raw !== false;
    const textOf = (entry: Entry) => (raw ? entry.source : entry.run);
    return this.chosen(wanted, textOf).map((entry) => [
      SESSION,
      entry.line,
      wanted.output === true ? [textOf(entry), entry.output] : textOf(entry),
    ]);
  }

  private chosen(wanted: Wanted, textOf: (entry: Entry) => string): Entry[] {
    const last = (entries: Entry[]) =>
      typeof wanted.n === "number" ? entries.slice(Math.max(0, entries.length - wanted.n)) : entries;
    switch (wanted.hist_access_type) {
      case "range": {
        const session = wanted.session ?? 0;
        if (session > 0 && session !== SESSION) return [];
        const [start, stop] = [wanted.start ?? 1, wanted.stop ?? Number.POSITIVE_INFINITY];
        return this.entries.filter(({ line }) => line >= start && line < stop);
      }
      case "search": {
        const matches = globMatcher(wanted.pattern ?? "*");
        const found = this.entries.filter((entry) => matches(textOf(entry)));
        if (wanted.unique !== true) return last(found);
        const latest = new Map<string, Entry>();
        for (const entry of found) {
          latest.delete(textOf(entry));
          latest.set(textOf(entry), entry);
        }
        return last([...latest.values()]);
      }
      default:
        return last(this.entries);
    }
  }
}

/** One place of a pattern: any text, or a character of a set. */
type Place = "any" | ((character: string) => boolean);

/** The places of a pattern of SQLite's GLOB, as IPython's history has it: `*`, `?`, `[abc]`, `[^a-z]`. */
function placesOf(pattern: string): Place[] {
  const places: Place[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const sign = pattern[i]!;
    const end = sign === "[" ? pattern.indexOf("]", i + 2) : -1;
    if (sign === "*") places.push("any");
    else if (sign === "?") places.push(() => true);
    else if (end > 0) {
      places.push(setOf(pattern.slice(i + 1, end)));
      i = end;
    } else places.push((character) => character === sign);
  }
  return places;
}

function setOf(inner: string): (character: string) => boolean {
  const not = inner.startsWith("^");
  const signs = not ? inner.slice(1) : inner;
  const ranges: [string, string][] = [];
  for (let i = 0; i < signs.length; i++) {
    const isRange = signs[i + 1] === "-" && i + 2 < signs.length;
    ranges.push([signs[i]!, isRange ? signs[i + 2]! : signs[i]!]);
    if (isRange) i += 2;
  }
  return (character) => ranges.some(([from, to]) => character >= from && character <= to) !== not;
}

/** Matches a whole text against a pattern, in time of the product of their lengths. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const places = placesOf(pattern);
  return (text) => {
    let [p, t, star, mark] = [0, 0, -1, 0];
    while (t < text.length) {
      const place = places[p];
      if (place === "any") {
        star = p++;
        mark = t;
      } else if (place?.(text[t]!) === true) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++mark;
      } else return false;
    }
    while (places[p] === "any") p++;
    return p === places.length;
  };
}
