/**
 * A plan as a folder for a real machine: a shell script and C programs of our own that bring it into a comparable state, ask as
 * the plan asks, and measure. The texts are files of `programs/`; of the plan only numbers get into the script.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { assert, InputError } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { scratchOf } from "../base/scratch";
import { writeError } from "../base/write-atomically";
import { engineVersion } from "../experiment/engine-version";
import { type Plan, type PlanIn, parsePlan } from "../plan/run";
import { type Amounts, amountsOf, type ReproduceOptions, type Settings } from "./amounts";
import { type ChangedKernel, changedKernel, changeLines } from "./changed-kernel";
import { type LeftOut, leftOut } from "./left-out";
import { type ModelSide, modelSide } from "./model-side";
import { readmeOf } from "./readme";
import { seenRun } from "./scene";

/** Texts that every folder has, as they are. */
const PROGRAMS = ["anon", "files", "pipes", "sockets", "tables", "dentries", "pins", "ask", "await"].map(
  (name) => `${name}.c`,
);
const HEADER = "common.h";
const SCRIPT = "run.sh";
const CHANGE = "change.ts";
const SETTINGS_MARK = "#SETTINGS\n";

/** A folder that is not written yet. */
export interface Reproduction {
  plan: Plan;
  /** SHA-256 of the plan: its name. */
  planHash: string;
  /** The numbers of run.sh by name. */
  settings: Settings;
  /** Share of the allowed memory for each kind of memory that is made. */
  shares: Amounts["shares"];
  /** What the plan holds that is not reproduced. */
  leftOut: readonly LeftOut[];
  /** The change of the plan's kernel, with which the real kernel must be built; null: none. */
  change: ChangedKernel | null;
  /** What the model says, to compare with. */
  model: ModelSide;
  /** Texts by their names in the folder. */
  files: Readonly<Record<string, string>>;
}

/**
 * The folder for a plan. Runs the model: what its machine holds after the workload decides the amounts, and its metrics are
 * compared with the machine's later. The run records what the machine counts too, whatever the plan
 * records. Nothing is written: `writeReproduction()` does.
 * @throws InputError for a plan that cannot be run, an option out of range, or a change that may not run here
 * @example
 * ```ts
 * import { reproduce } from "pageblock";
 *
 * const made = reproduce(
 *   {
 *     machine: { board: "qemu-virt", memory: "512MiB" },
 *     workload: { kind: "mix", movable: 0.5, unmovable: 0.1 },
 *     strategy: { name: "buddy" },
 *     request: { size: "2MiB", times: 8 },
 *   },
 *   { memory: "256MiB", seconds: 10 },
 * );
 * made.settings.MEMORY_KIB; // => 262144
 * made.leftOut.some(({ part }) => part === "machine.board"); // => true
 * ```
 */
export function reproduce(plan: Plan | PlanIn, options: ReproduceOptions = {}): Reproduction {
  const checked = parsePlan(JSON.parse(JSON.stringify(plan)));
  const seen = seenRun(checked);
  const { scene } = seen;
  const change = changedKernel(checked);
  const amounts = amountsOf(checked, scene, options);
  const model = modelSide(seen, engineVersion());
  const without = leftOut(checked, scene, change);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const texts = [...PROGRAMS, HEADER].map((name): [string, string] => [name, programText(name)]);
  return {
    plan: checked,
    planHash: amounts.planHash,
    settings: amounts.settings,
    shares: amounts.shares,
    leftOut: without,
    change,
    model,
    files: {
      ...Object.fromEntries(texts),
      ...(checked.machine.change !== undefined && { [CHANGE]: checked.machine.change.source }),
      [SCRIPT]: scriptOf(amounts, change),
      "README.md": readmeOf(amounts, without),
      "plan.json": json({ hash: amounts.planHash, plan: checked }),
      "model.json": json({ format: "pageblock-model", version: 1, plan: amounts.planHash, ...model }),
    },
  };
}

function programText(name: string): string {
  return readFileSync(join(__dirname, "programs", name), "utf8");
}

/** The script with its numbers, and what it says of a change. Everything else in it is the same for every plan. */
function scriptOf({ planHash, settings }: Amounts, change: ChangedKernel | null): string {
  assert(/^[0-9a-f]{64}$/.test(planHash), `the hash of a plan: ${planHash}`);
  const lines = Object.entries(settings).map(([name, value]) => {
    assert(/^[A-Z_]{3,40}$/.test(name), `the name of a number: ${name}`);
    assert(Number.isSafeInteger(value) && value >= -1, `${name} is ${value}`);
    return `${name}=${value}\n`;
  });
  const [before, after] = programText(SCRIPT).split(SETTINGS_MARK);
  assert(after !== undefined, "run.sh has a place for its numbers");
  return `${before}PLAN_HASH=${planHash}\n${lines.join("")}${changeLines(change)}${after}`;
}

/**
 * Writes a folder: all of it or nothing.
 * @throws InputError if `out` exists or cannot be written
 * @example
 * ```ts
 * import { mkdtempSync, readdirSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { reproduce, writeReproduction } from "pageblock";
 *
 * const plan = {
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   strategy: { name: "buddy" },
 *   request: { size: "2MiB" },
 * };
 * const out = join(mkdtempSync(join(tmpdir(), "pageblock-")), "iron");
 * writeReproduction(out, reproduce(plan));
 * readdirSync(out).includes("run.sh"); // => true
 * ```
 */
export function writeReproduction(out: string, { files }: Reproduction): void {
  const target = resolve(out);
  if (existsSync(target)) throw new InputError(`--out ${out}: exists already; a new folder is written`);
  let scratch: string | undefined;
  try {
    makeFolder(dirname(target));
    scratch = mkdtempSync(`${scratchOf(target)}-`);
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(scratch, name), text, { mode: name === SCRIPT ? 0o755 : 0o644 });
    renameSync(scratch, target);
  } catch (error) {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
    throw writeError(out, error);
  }
}
