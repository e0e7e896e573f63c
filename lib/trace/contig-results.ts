/**
 * results.txt in a folder of x86-contig: the run's output after each step, one line per step, such as
 * `want2m=100000 | hp1g=0 hp2m=221 up=77.42 | nr_free_pages=204779 … compact_stall=242 …` with the counters since boot.
 * It certainly belongs to the state in the folder; a row of the table may come from another boot of the same set-up.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readInput } from "./input";

/** One line: its label and every number in it by name. */
interface ResultLine {
  label: string;
  values: ReadonlyMap<string, number>;
}

export interface ContigResults {
  /** Free pages before the request, or null if the file does not say. */
  freeBefore: number | null;
  /** The pages obtained, in the wording of the table's column, or null if the request was for areas. */
  obtained: string | null;
  /** First frames of the areas obtained, as `0x…` in order. */
  frames: string[];
  /** The growth of a counter during compact_memory, and from then to the first attempt to get the request's pages. */
  counter(name: string, stage: "compact_memory" | "request"): number | null;
}

/** Reads the file in `dir`; null if there is none. */
export function readContigResults(dir: string): ContigResults | null {
  const file = join(dir, "results.txt");
  if (!existsSync(file)) return null;
  const text = readInput(file).toString("latin1");
  const lines = text.split("\n").map(parseLine);
  const find = (wanted: RegExp) => lines.find((l) => wanted.test(l.label));
  const before = find(/^before$/);
  const compacted = find(/^compacted$/);
  const huge = find(/^want2m=/);
  const gigantic = lines.filter((l) => /^want1g=/.test(l.label));
  const done = huge ?? gigantic.at(-1);
  return {
    freeBefore: before?.values.get("nr_free_pages") ?? null,
    obtained: huge !== undefined ? obtained2M(huge, lines) : obtained1G(gigantic),
    frames: [...text.matchAll(/ok=1 pfn=(0x[0-9a-f]+)/g)].map((m) => m[1]!),
    counter(name, stage) {
      const from = stage === "request" ? (compacted ?? before) : before;
      const to = stage === "request" ? done : compacted;
      if (from === undefined || to === undefined) return null;
      const a = counterOf(from, name);
      const b = counterOf(to, name);
      return a === null || b === null ? null : b - a;
    },
  };
}

function parseLine(line: string): ResultLine {
  const values = new Map<string, number>();
  const bar = line.indexOf(" | ");
  if (bar >= 0)
    for (const m of line.slice(bar).matchAll(/(?<!\w)(\w+)=(\d+)/g)) values.set(m[1]!, Number(m[2]));
  return { label: bar >= 0 ? line.slice(0, bar) : "", values };
}

/** A counter; `allocstall` is the sum over the zones. */
function counterOf(line: ResultLine, name: string): number | null {
  if (name !== "allocstall") return line.values.get(name) ?? null;
  const parts = [...line.values].filter(([key]) => key.startsWith("allocstall_"));
  return parts.length === 0 ? null : parts.reduce((sum, [, n]) => sum + n, 0);
}

function obtained2M(first: ResultLine, lines: readonly ResultLine[]): string {
  const again = lines.filter((l) => /^again2m_/.test(l.label)).map((l) => l.values.get("hp2m") ?? 0);
  const got = String(first.values.get("hp2m") ?? 0);
  return again.length > 0 ? `${got} then ${again.join(",")}` : got;
}

function obtained1G(lines: readonly ResultLine[]): string | null {
  if (lines.length === 0) return null;
  return lines.map((l) => `g=${l.label.slice("want1g=".length)}:${l.values.get("hp1g") ?? 0}`).join(" ");
}
