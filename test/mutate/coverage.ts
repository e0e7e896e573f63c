/**
 * What every test reaches, kept in `build/mutants` by test file: only files that changed are measured again, or all if the
 * mutated sources did. What other sources a test uses is not looked at; `--fresh` measures everything.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runWorker } from "./child";
import type { Mutant } from "./mutants";
import type { Told } from "./worker";

interface CoveredTest {
  /** Processor milliseconds. */
  ms: number;
  /** Mutants that it reaches. */
  reached: number[];
  /** Of these, those that a second run in the same process does not reach: the test keeps something. */
  onlyFirst: number[];
}

interface CoveredFile {
  sha256: string;
  tests: Record<string, CoveredTest>;
}

interface Kept {
  sources: string;
  files: Record<string, CoveredFile>;
  /** Mutants reached while modules load. */
  atLoad: number[];
  broken: string[];
}

export interface Coverage {
  tests: Map<string, CoveredTest>;
  /** By mutant: the tests that reach it, the cheapest first. */
  reachedBy: Map<number, string[]>;
  /** Mutants that only first runs of tests in a process reach. */
  onlyFirst: Set<number>;
  /** Mutants reached while modules load, and by no test. */
  atLoad: Set<number>;
  broken: string[];
}

/** Tests that take longer stay out: the same lines are reached by others. Processor milliseconds, with what coverage adds. */
const LONGEST_MS = 8000;

export function filesBelow(root: string, folder: string, ending: string): string[] {
  const found: string[] = [];
  for (const e of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${e.name}`;
    if (e.isDirectory()) {
      if (e.name !== "fixtures") found.push(...filesBelow(root, path, ending));
    } else if (e.name.endsWith(ending)) found.push(path);
  }
  return found.sort();
}

const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

export async function coverageOf(
  root: string,
  mutants: readonly Mutant[],
  testFiles: readonly string[],
  fresh: boolean,
): Promise<Coverage> {
  const path = join(root, "build/mutants/coverage.json");
  const sources = sha256(mutants.map((m) => `${m.file} ${m.start} ${m.before} ${m.after}`).join("\n"));
  let kept: Kept = { sources, files: {}, atLoad: [], broken: [] };
  if (existsSync(path) && !fresh) {
    const old = JSON.parse(readFileSync(path, "utf8")) as Kept;
    if (old.sources === sources) kept = old;
  }
  const hashes = new Map(testFiles.map((f) => [f, sha256(readFileSync(join(root, f)))]));
  const changed = testFiles.filter((f) => kept.files[f]?.sha256 !== hashes.get(f));
  for (const f of changed) kept.files[f] = { sha256: hashes.get(f)!, tests: {} };
  kept.broken = kept.broken.filter((b) => !changed.some((f) => b.startsWith(`${f}: `)));
  if (changed.length > 0) {
    await measure(root, mutants, changed, kept);
    writeFileSync(path, JSON.stringify(kept));
  }
  return inverted(kept, testFiles);
}

async function measure(
  root: string,
  mutants: readonly Mutant[],
  files: readonly string[],
  kept: Kept,
): Promise<void> {
  const atLoad = new Set(kept.atLoad);
  const take = (t: Told): void => {
    if (t.at === "loaded") for (const id of t.reached) atLoad.add(id);
    else if (t.at === "broken") kept.broken.push(`${t.test}: ${t.why}`);
    else if (t.at === "covered") {
      const twice = new Set(t.twice);
      const file = files.find((f) => t.test.startsWith(`${f}: `))!;
      const onlyFirst = t.once.filter((id) => !twice.has(id));
      kept.files[file]!.tests[t.test] = { ms: t.ms, reached: t.once, onlyFirst };
      process.stderr.write(`\r\u001b[Kcoverage: ${t.test.slice(0, 100)}`);
    }
  };
  let left = [...files];
  while (left.length > 0) {
    const orders = {
      root,
      mutants: [...mutants],
      testFiles: left,
      coverage: true,
      runs: [],
      first: [],
      fromLoad: 0,
      kills: [],
    };
    const end = await runWorker(orders, join(root, "build/mutants/orders.json"), {
      told: take,
      limitOf: (test) => (test === "load" ? 120_000 : 4 * LONGEST_MS),
      goesOn: () => true,
    });
    if (end.how !== "hung" && end.how !== "died") break;
    if (end.test === "load") throw new Error(`the tests do not load: ${left.join(" ")}`);
    kept.broken.push(`${end.test}: takes too long`);
    // The rest of its file is left out with it.
    left = left.slice(left.findIndex((f) => end.test.startsWith(`${f}: `)) + 1);
  }
  process.stderr.write("\r\u001b[K");
  kept.atLoad = [...atLoad];
}

function inverted(kept: Kept, testFiles: readonly string[]): Coverage {
  const tests = new Map<string, CoveredTest>();
  const reachedBy = new Map<number, string[]>();
  const again = new Set<number>();
  for (const file of testFiles)
    for (const [name, test] of Object.entries(kept.files[file]!.tests)) tests.set(name, test);
  const cheapest = [...tests].filter(([, t]) => t.ms <= LONGEST_MS).sort(([, a], [, b]) => a.ms - b.ms);
  for (const [name, test] of cheapest) {
    const first = new Set(test.onlyFirst);
    for (const id of test.reached) {
      if (!first.has(id)) again.add(id);
      const known = reachedBy.get(id);
      if (known === undefined) reachedBy.set(id, [name]);
      else known.push(name);
    }
  }
  const atLoad = new Set(kept.atLoad.filter((id) => !reachedBy.has(id)));
  const onlyFirst = new Set([...reachedBy.keys()].filter((id) => !again.has(id)));
  return { tests, reachedBy, onlyFirst, atLoad, broken: kept.broken };
}
