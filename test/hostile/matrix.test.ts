/**
 * Every command × every argument and option × values that nobody expects, made from the commands themselves, so that a new option is
 * tried without being listed: no internal error, a message of one short line without marks that a terminal obeys, in time and memory.
 */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import type { Argument, Command, Option } from "commander";
import "../support/clean-environment";
import { MiB } from "../../lib/base/units";
import { programWith } from "../../lib/cli/command-line";
import { FIXTURES, ROOT } from "../support/cli";
import { dir, fileOf, strangePaths } from "./inputs";
import type { Ended } from "./matrix-child";

const MESSAGE_CHARACTERS = 500;
const CASE_MS = 10_000;
const MEMORY_BYTES = 512 * MiB;
/** What a terminal obeys: controls, marks of direction, separators of lines, halves of characters. */
const OBEYED = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

after(() => fs.rmSync(dir, { recursive: true, force: true }));

const paths = strangePaths();
const folder = join(dir, "folder");
fs.mkdirSync(folder);
const VALUES: Readonly<Record<string, string>> = {
  nothing: "",
  "a missing file": paths["a missing file"]!,
  "a folder": folder,
  "an empty file": fileOf("empty", ""),
  "a FIFO": paths["a FIFO"]!,
  "/dev/zero": "/dev/zero",
  "-1": "-1",
  NaN: "NaN",
  "a huge number": "9".repeat(40),
  "a number beyond all": "1e999",
  "1 MB": "x".repeat(1_000_000),
  "digits of 1 MB": "7".repeat(1_000_000),
  "a list of 100,000": "1,".repeat(100_000),
  "a key of prototypes": "__proto__",
  "percent signs": "%E0%A4%s%n%",
  "half a character": "\ud800x",
  NUL: "a\0b",
  "marks of direction": "\u202egnp.exe\u2066\u200f",
  "escape sequences": "\x1b[2J\x1b]0;t\x07\x9b1m",
  CRLF: "a\r\nb\r\n",
  "separators of lines": "a\u2028b\u2029c",
  "JSON that is deep": "[".repeat(20_000),
  "an object": '{"constructor":{"prototype":1}}',
  quotes: `'"; drop table runs; --\``,
};
/** What is tried of an option that another command has too, word for word. */
const AGAIN = ["nothing", "a huge number", "marks of direction"];

const PLAN = fileOf(
  "plan.yaml",
  "machine: { board: qemu-virt, memory: 256MiB }\nstrategy: buddy\nrequest: { size: 64KiB }\n",
);
const PROC = join(FIXTURES, "live-machine/22-proc-files");
const MISSING = paths["a missing file"]!;

/** What a command gets beside the value that is tried: little to do. A new command gets a missing file for each argument. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  bench: ["--workload", "init", "--size", "small", "--runs", "1", "--performance", join(dir, "p.json")],
  case: ["raspberry-pi-cma-64k"],
  export: [MISSING, "--out", join(dir, "out")],
  "kernel install": ["--prefix", join(dir, "prefix")],
  "kernel uninstall": ["--prefix", join(dir, "prefix")],
  "notebook run": [MISSING, "--out", join(dir, "run"), "--dry-run"],
  record: ["--ring", MISSING],
  results: ["--store", join(dir, "none.duckdb")],
  schema: ["run"],
  serve: ["--dir", MISSING, "--port", "none"],
  show: [join(PROC, "coreos489-buddyinfo.txt")],
  snapshot: ["--from", PROC, "--out", join(dir, "s.gz")],
  top: ["--once", "--proc", PROC],
  watch: ["--times", "1", "--proc", PROC, "--sys", PROC, "--out", join(dir, "series")],
  worker: ["--redis", "none"],
};
/** What serves until Ctrl-C, and so never ends here; test/report/serve.test.ts tries it. */
const ENDLESS: ReadonlySet<string> = new Set(["serve --dir"]);

interface Case {
  what: string;
  args: string[];
}

/** Commands that do something, by the words that name them. */
function leaves(command: Command, words: readonly string[] = []): [string, Command][] {
  const below = command.commands.filter((one) => one.name() !== "help");
  if (below.length === 0) return [[words.join(" "), command]];
  return below.flatMap((one) => leaves(one, [...words, one.name()]));
}

const longOf = ({ long, short }: Option) => long ?? short!;
const hasOption = (command: Command, name: string) => command.options.some((one) => longOf(one) === name);

/** Arguments of `command` that has `given`; options that are given twice keep the last. */
function beside(name: string, command: Command, argument: string | undefined): string[] {
  const base = BESIDE[name];
  if (base !== undefined && argument === undefined) return [...base];
  const values =
    argument === undefined
      ? command.registeredArguments.map((one) => (/plan|scenario/.test(one.name()) ? PLAN : MISSING))
      : [];
  return [...values, ...(base ?? []).slice(base?.findIndex((one) => one.startsWith("-")) ?? 0)];
}

function casesOf(name: string, command: Command, seen: Set<string>): Case[] {
  const words = name.split(" ");
  const shown = ["--print-plan", "--dry-run"].filter((one) => hasOption(command, one)).slice(0, 1);
  const tried = (place: string, kinds: readonly string[], args: (value: string) => string[]): Case[] =>
    (ENDLESS.has(place) ? [] : kinds).map((kind) => ({
      what: `${place}: ${kind}`,
      args: [...words, ...args(VALUES[kind]!)],
    }));
  const all = Object.keys(VALUES);
  const ofArguments = command.registeredArguments
    .slice(0, 1)
    .flatMap((one: Argument) =>
      tried(`${name} <${one.name()}>`, all, (value) => [
        ...beside(name, command, one.name()),
        ...shown,
        value,
      ]),
    );
  const ofOptions = command.options
    .filter((one) => (one.required || one.optional) && one.long !== "--cluster")
    .flatMap((one) => {
      const text = `${one.flags}\n${one.description}`;
      const kinds = seen.has(text) ? AGAIN : all;
      seen.add(text);
      const kept = shown.filter((other) => other !== one.long);
      return tried(`${name} ${longOf(one)}`, kinds, (value) => [
        ...beside(name, command, undefined),
        ...kept,
        `${longOf(one)}=${value}`,
      ]);
    });
  return [...ofArguments, ...ofOptions];
}

const seen = new Set<string>();
const commands = leaves(programWith());

/** A process that runs cases; another one takes its place when one does not end. */
let child: ChildProcess | undefined;
after(() => child?.kill("SIGKILL"));

function begun(): ChildProcess {
  const home = join(dir, "home");
  fs.mkdirSync(home, { recursive: true });
  return fork(join(__dirname, "matrix-child.ts"), [], {
    execArgv: ["--require", join(ROOT, "test/support/register.cjs")],
    cwd: folder,
    env: { ...process.env, HOME: home, XDG_DATA_HOME: join(home, "share"), PAGEBLOCK_PYTHON: "/bin/false" },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/** How a case ended; or in words what became of it. Load is no fault: a case has ten times the time on the clock. */
function endOf(args: readonly string[]): Promise<Ended | string> {
  child ??= begun();
  const running = child;
  return new Promise((resolve) => {
    const end = (how: Ended | string) => {
      clearTimeout(timer);
      running.removeAllListeners("message").removeAllListeners("exit");
      if (typeof how === "string") {
        running.kill("SIGKILL");
        child = undefined;
      }
      resolve(how);
    };
    const timer = setTimeout(() => end("it did not end"), 10 * CASE_MS);
    running.once("message", (how) => end(how as Ended));
    running.once("exit", (status, signal) => end(`the process ended (${signal ?? status})`));
    running.send([...args]);
  });
}

function faultOf(how: Ended | string): string | undefined {
  if (typeof how === "string") return how;
  const { status, stdout, stderr, ms, takenBytes } = how;
  if (![0, 1, 2].includes(status)) return `status ${status}: ${stderr.slice(0, 600)}`;
  if (status === 2 && stderr === "") return "nothing is said";
  if (status === 2 && stderr.length > MESSAGE_CHARACTERS) return `a message of ${stderr.length} characters`;
  if (status === 2 && stderr.trimEnd().split("\n").length > 3) return `a message of many lines: ${stderr}`;
  if (OBEYED.test(stderr))
    return `stderr holds ${JSON.stringify(OBEYED.exec(stderr)![0])}: ${JSON.stringify(stderr)}`;
  if (OBEYED.test(stdout)) return `stdout holds ${JSON.stringify(OBEYED.exec(stdout)![0])}`;
  if (ms > CASE_MS) return `${Math.round(ms)} ms`;
  if (takenBytes > MEMORY_BYTES) return `${Math.round(takenBytes / MiB)} MiB`;
  return undefined;
}

let tried = 0;
for (const [name, command] of commands) {
  const cases = casesOf(name, command, seen);
  if (cases.length === 0) continue;
  test(`pageblock ${name}: every argument and option with every strange value`, async () => {
    const faults: string[] = [];
    for (const { what, args } of cases) {
      tried++;
      const fault = faultOf(await endOf(args));
      if (fault !== undefined) faults.push(`${what}: ${fault}`);
    }
    assert.deepEqual(faults, []);
  });
}

test("every command that takes a value was tried", () => {
  assert.ok(commands.length > 30, `${commands.length} commands`);
  assert.ok(tried > 3000, `${tried} cases`);
});
