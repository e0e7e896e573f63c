/**
 * npm run mutate -- lib/mm [--files a,b] [--sample n] [--minutes n] [--seed s] [--seconds n] [--again] [--fresh]: plants one small defect after the other
 * in the files of a folder and runs the tests that reach it, the cheapest first, until one fails. Prints the share that is noticed and
 * every defect that is not. A defect gets tests of `--seconds` of processor time together (6). `--again`: only those that no test noticed the last time. `--fresh`: what tests reach is measured anew.
 * Exit status: 0 at least 95 % of those not equivalent were noticed, 1 fewer, 2 bad input.
 */

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "../lib/base/errors";
import { Random } from "./laws/random";
import { runWorker } from "./mutate/child";
import { type Coverage, coverageOf, filesBelow } from "./mutate/coverage";
import { type Equivalent, equivalentOf, readEquivalents, unused } from "./mutate/equivalents";
import { type Mutant, mutantsOfFiles } from "./mutate/mutants";
import { tellVerdicts, type Verdict } from "./mutate/report";
import type { Told } from "./mutate/worker";
import { endWith } from "./support/program";

const ROOT = resolve(__dirname, "..");
const WORK = join(ROOT, "build/mutants");
const LAST = join(WORK, "last.json");
const VERDICTS = join(WORK, "verdicts.json");

/**
 * Tests that know the engine. Left out: those that start processes of their own, which would not have the mutant, and those of traces
 * that take minutes.
 */
const TEST_FOLDERS = [
  "test/mm",
  "test/change",
  "test/hardware",
  "test/laws",
  "test/machine",
  "test/metrics",
  "test/strategy",
  "test/trace",
  "test/workload",
];
/** Of folders that hold much else, the files that run the engine. */
const TEST_FILES = [
  ...["cost-notes", "record"].map((name) => `test/experiment/${name}.test.ts`),
  ...["boot-refusals", "cases", "field-cases", "map-search", "reasons"].map(
    (n) => `test/explain/${n}.test.ts`,
  ),
  ...["machine", "machine-texts", "running-machine"].map((name) => `test/fluent/${name}.test.ts`),
];
const LEFT_OUT: readonly RegExp[] = [
  /^test\/laws\/(?:fuzz|mutation)\./,
  /^test\/change\/(?:failed-fork|hostile|identity|sandbox|strangers|types)\./,
  /^test\/machine\/large\./,
  /^test\/trace\/(?:ftrace\/|(?:machine-snapshot|trace-cache|events|kernel-pages)\.)/,
];

interface Options {
  folder: string;
  files: string[];
  sample: number;
  minutes: number;
  seed: number;
  /** Processor seconds of tests for a mutant. */
  seconds: number;
  again: boolean;
  fresh: boolean;
}

function wholeNumber(name: string, text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n))
    throw new InputError(
      `mutate: --${name}: must be a whole number: got ${JSON.stringify(text.slice(0, 40))}`,
    );
  return n;
}

function readOptions(): Options {
  const text = { type: "string" } as const;
  let parsed: ReturnType<typeof parse>;
  const parse = () =>
    parseArgs({
      allowPositionals: true,
      options: {
        files: text,
        sample: text,
        minutes: text,
        seed: text,
        seconds: text,
        again: { type: "boolean" },
        fresh: { type: "boolean" },
      },
    });
  try {
    parsed = parse();
  } catch (e) {
    throw new InputError(`mutate: ${(e as Error).message.split("\n")[0]}`);
  }
  const { values, positionals } = parsed;
  const folder = positionals[0]?.replace(/\/$/, "");
  if (
    folder === undefined ||
    positionals.length > 1 ||
    !/^lib(?:\/\w+)+$/.test(folder) ||
    !existsSync(join(ROOT, folder))
  )
    throw new InputError("mutate: name one folder below lib, for example lib/mm");
  return {
    folder,
    files: values.files?.split(",") ?? [],
    sample: wholeNumber("sample", values.sample ?? "0"),
    minutes: wholeNumber("minutes", values.minutes ?? "30"),
    seed: wholeNumber("seed", values.seed ?? "1"),
    seconds: wholeNumber("seconds", values.seconds ?? "6"),
    again: values.again ?? false,
    fresh: values.fresh ?? false,
  };
}

/** A seeded order of all mutants, so that a run that ends early has taken a fair sample. */
function drawn(mutants: readonly Mutant[], seed: number): Mutant[] {
  const r = new Random(seed);
  const order = [...mutants];
  for (let i = order.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function lastVerdicts(): Verdict[] {
  return existsSync(VERDICTS) ? (JSON.parse(readFileSync(VERDICTS, "utf8")) as Verdict[]) : [];
}

function killsOf(verdicts: readonly Verdict[]): Map<string, number> {
  const kills = new Map<string, number>();
  for (const { killedBy } of verdicts)
    if (killedBy !== null) kills.set(killedBy, (kills.get(killedBy) ?? 0) + 1);
  return kills;
}

class Hunt {
  readonly verdicts: Verdict[] = [];
  private readonly until: number;
  private readonly begun = Date.now();
  private readonly coverage: Coverage;
  private readonly testFiles: string[];
  private readonly planted: Mutant[];
  private readonly seconds: number;
  /** By test: the mutants that it noticed, in this run and in the last. */
  private readonly kills: Map<string, number>;
  constructor(coverage: Coverage, testFiles: string[], planted: Mutant[], options: Options) {
    this.coverage = coverage;
    this.testFiles = testFiles;
    this.planted = planted;
    this.until = Date.now() + options.minutes * 60_000;
    this.seconds = options.seconds;
    this.kills = killsOf(lastVerdicts());
  }

  private note(mutant: Mutant, by: string | null, why: string): void {
    this.verdicts.push({ mutant, killedBy: by, why });
    if (by !== null) this.kills.set(by, (this.kills.get(by) ?? 0) + 1);
    if (by === null) appendFileSync(join(WORK, "survived.txt"), `${JSON.stringify(mutant)}\n`);
    const survived = this.verdicts.filter((v) => v.killedBy === null).length;
    if (process.env.MUTATE_DEBUG)
      process.stderr.write(
        `${((Date.now() - this.begun) / 1000).toFixed(1)} ${mutant.file}:${mutant.line} ${mutant.before.slice(0, 40)} → ${mutant.after.slice(0, 40)}: ${by?.slice(0, 60)} ${why.slice(0, 60)}\n`,
      );
    process.stderr.write(`\r\u001b[K${this.verdicts.length} of ${this.planted.length}, ${survived} survived`);
  }

  /**
   * Tests for a mutant, the cheapest that fit into its time; one that only loading reaches may be noticed by any test that does not take
   * long.
   */
  private testsFor(id: number): { name: string; ms: number }[] {
    const { tests, atLoad, reachedBy } = this.coverage;
    const timed = (names: Iterable<string>) => [...names].map((name) => ({ name, ms: tests.get(name)!.ms }));
    const reaching = timed(reachedBy.get(id) ?? (atLoad.has(id) ? tests.keys() : []));
    let left = this.seconds * 1000;
    return reaching
      .sort((a, b) => a.ms - b.ms)
      .filter(({ ms }) => {
        left -= ms;
        return left > 0;
      });
  }

  /** Every mutant in turn in one process, which has all of them planted. */
  async run(mutants: readonly Mutant[]): Promise<void> {
    const { atLoad, onlyFirst } = this.coverage;
    const needsLoad = new Set([...atLoad, ...onlyFirst]);
    let left = mutants.filter((m) => !needsLoad.has(m.id) || this.coverage.reachedBy.has(m.id));
    const alone = mutants.filter((m) => !left.includes(m));
    const again: Mutant[] = [];
    while (left.length > 0 && Date.now() < this.until) {
      const ended = await this.worker(left, 0, (m, by, why) => {
        if (by === null && needsLoad.has(m.id)) again.push(m);
        else this.note(m, by, why);
      });
      left = left.filter((m) => !ended.has(m.id));
    }
    for (const m of [...alone, ...again]) {
      if (Date.now() >= this.until) break;
      await this.worker([m], m.id, (mutant, by, why) => this.note(mutant, by, why));
    }
  }

  /** Runs a worker until it ends or hangs; gives the mutants that have a verdict. */
  private async worker(
    mutants: readonly Mutant[],
    fromLoad: number,
    verdict: (m: Mutant, by: string | null, why: string) => void,
  ): Promise<Set<number>> {
    const ended = new Set<number>();
    const runs = mutants.map((m) => ({ id: m.id, tests: this.testsFor(m.id) }));
    const byId = new Map(mutants.map((m) => [m.id, m]));
    const known = new Set(runs.flatMap((r) => r.tests.map((t) => t.name)));
    const first = [...known].filter((t) => this.coverage.tests.get(t)!.onlyFirst.length > 0);
    const end = (id: number, by: string | null, why: string) => {
      ended.add(id);
      verdict(byId.get(id)!, by, why);
    };
    const testFiles = this.testFiles.filter((f) => [...known].some((t) => t.startsWith(`${f}: `)));
    const orders = {
      root: ROOT,
      mutants: this.planted,
      testFiles,
      coverage: false,
      runs,
      first,
      fromLoad,
      kills: [...this.kills],
    };
    const how = await runWorker(orders, join(WORK, "orders.json"), {
      told: (t: Told) => t.at === "done" && end(t.id, t.killedBy, t.why),
      limitOf: (test) => (test === "load" ? 120_000 : 1500 + 10 * (this.coverage.tests.get(test)?.ms ?? 0)),
      goesOn: () => Date.now() < this.until,
    });
    if (how.how === "hung" || how.how === "died") {
      if (how.id === 0) throw new Error(`the worker ${how.how} before its first mutant`);
      end(how.id, how.test, how.how === "hung" ? "does not end" : "the process dies");
    }
    return ended;
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  mkdirSync(WORK, { recursive: true });
  const equivalents: Equivalent[] = readEquivalents(join(ROOT, "test/mutants-equivalent.json"));
  const all = mutantsOfFiles(ROOT, filesBelow(ROOT, options.folder, ".ts"));
  const testFiles = [
    "test/mutate/laws-by-seed.ts",
    ...TEST_FOLDERS.flatMap((f) => filesBelow(ROOT, f, ".test.ts")),
    ...TEST_FILES,
  ].filter((f) => !LEFT_OUT.some((left) => left.test(f)));
  const coverage = await coverageOf(ROOT, all, testFiles, options.fresh);
  const wanted = all.filter(
    (m) => options.files.length === 0 || options.files.some((f) => m.file.includes(f)),
  );
  let chosen = drawn(wanted, options.seed);
  if (options.again) {
    const last = JSON.parse(readFileSync(LAST, "utf8")) as { survived: Mutant[] };
    const key = (m: Mutant) => `${m.file}\n${m.source}\n${m.before}\n${m.after}`;
    const keys = new Set(last.survived.map(key));
    chosen = wanted.filter((m) => keys.has(key(m)));
  }
  if (options.sample > 0) chosen = chosen.slice(0, options.sample);
  const isEquivalent = new Map(chosen.map((m) => [m.id, equivalentOf(m, equivalents)]));
  const hunt = new Hunt(
    coverage,
    testFiles,
    chosen.filter((m) => isEquivalent.get(m.id) === undefined),
    options,
  );
  await hunt.run(chosen.filter((m) => isEquivalent.get(m.id) === undefined));
  process.stderr.write("\r\u001b[K");
  const same = chosen.filter((m) => isEquivalent.get(m.id) !== undefined);
  const survived = hunt.verdicts.filter((v) => v.killedBy === null);
  if (!options.again || survived.length > 0)
    writeFileSync(LAST, JSON.stringify({ survived: survived.map((v) => v.mutant) }));
  writeFileSync(VERDICTS, JSON.stringify(hunt.verdicts));
  const out = tellVerdicts({
    all: wanted.length,
    equivalent: same.length,
    verdicts: hunt.verdicts,
    reached: new Set(coverage.reachedBy.keys()),
    atLoad: coverage.atLoad,
    broken: coverage.broken,
    seed: options.seed,
    unused: unused(equivalents, all),
  });
  process.stdout.write(out.text);
  return out.share >= 0.95 ? 0 : 1;
}

endWith(main());
