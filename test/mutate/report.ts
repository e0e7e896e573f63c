/** What a run of mutants found, in words. */
import type { Equivalent } from "./equivalents";
import type { Mutant } from "./mutants";

export interface Verdict {
  mutant: Mutant;
  /** The test that failed; null: none did. */
  killedBy: string | null;
  why: string;
}

export interface Found {
  /** Mutants that there are in the chosen files. */
  all: number;
  equivalent: number;
  verdicts: Verdict[];
  /** Mutants that some test reaches, and those that loading reaches. */
  reached: Set<number>;
  atLoad: Set<number>;
  broken: string[];
  seed: number;
  unused: Equivalent[];
}

/** Wilson's interval for a share, 95 %. */
export function interval(hits: number, n: number): [number, number] {
  if (n === 0) return [0, 1];
  const z = 1.959964;
  const p = hits / n;
  const middle = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [(middle - half) / (1 + (z * z) / n), (middle + half) / (1 + (z * z) / n)];
}

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
const short = (text: string) => text.replace(/\s+/g, " ").slice(0, 100);

export function tellVerdicts(found: Found): { text: string; share: number } {
  const { verdicts } = found;
  const survived = verdicts.filter((v) => v.killedBy === null).map((v) => v.mutant);
  const killed = verdicts.length - survived.length;
  const share = verdicts.length === 0 ? 1 : killed / verdicts.length;
  const lines: string[] = [];
  survived.sort((a, b) => a.id - b.id);
  for (const m of survived) {
    const after = m.after === "" ? "(left out)" : short(m.after);
    const unreached = found.reached.has(m.id) || found.atLoad.has(m.id) ? "" : " [no test reaches it]";
    lines.push(`${m.file}:${m.line}: ${m.kind}: ${short(m.before)} → ${after}${unreached}`);
  }
  for (const b of found.broken) lines.push(`not run: ${short(b)}`);
  for (const e of found.unused)
    lines.push(`in the list of equivalents, and fits nothing: ${e.file}: ${short(e.line)}`);
  const hung = verdicts.filter((v) => v.why === "does not end").length;
  const [low, high] = interval(killed, verdicts.length);
  lines.push(
    `${verdicts.length + found.equivalent} of ${found.all} mutants drawn with seed ${found.seed}: ${found.equivalent} equivalent, ` +
      `${killed} of the other ${verdicts.length} killed (${hung} of them did not end), ${survived.length} survived`,
    `killed: ${percent(share)}, 95 % interval ${percent(low)} to ${percent(high)}`,
  );
  return { text: `${lines.join("\n")}\n`, share };
}
