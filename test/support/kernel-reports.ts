/**
 * Public reports on notebook kernels for TypeScript and JavaScript, as cases that run: what a user does, and what the last step
 * shows. docs/notebook-kernel-reports.md is their table.
 */
import type { Step } from "./kernel-steps";

export interface Report {
  /** The report in words. */
  readonly report: string;
  readonly steps: readonly Step[];
  /** What the last step shows (kernel-steps.ts). */
  readonly shows: string;
  /** Why it is not run yet. */
  readonly pending?: string;
}

export interface ReportGroup {
  readonly title: string;
  readonly reports: readonly Report[];
}

const door = '(globalThis as any)[Symbol.for("pageblock.kernel")]';

const values: Report[] = [
  {
    report: "a function keeps the value that a `let` of its cell had, though a later cell changed it",
    steps: ["let rate = 1; function pay(n: number) { return n * rate }", "rate = 3", "pay(2)"],
    shows: "value 6",
  },
  {
    report: "a `stop` flag set in a later cell never stops an interval",
    steps: [
      "let stop = false; let ticks = 0;\nconst timer = setInterval(() => { if (stop) clearInterval(timer); else ticks++; }, 10);",
      "stop = true",
      "await new Promise((r) => setTimeout(r, 50)); const seen = ticks;\nawait new Promise((r) => setTimeout(r, 100)); ticks === seen",
    ],
    shows: "value true",
  },
  {
    report: "a function that is defined again is not seen by its callers",
    steps: [
      "function one() { return 1 }\nfunction both() { return one() + 1 }",
      "function one() { return 10 }",
      "both()",
    ],
    shows: "value 11",
  },
  {
    report: "`const`, `class` and `export` cannot be declared again",
    steps: [
      "export const z = 1; class Box { v = 1 }",
      "export const z = 2; class Box { v = 2 }",
      "z + new Box().v",
    ],
    shows: "value 4",
  },
  {
    report: "after a failed cell a name has the type of one value and the value of another",
    steps: [
      "const v = 1",
      'const v = "s"; throw new Error("on purpose")',
      "typeof v + (v as any).toString()",
    ],
    shows: "value 'strings'",
  },
  {
    report: "a failed cell loses what it had assigned after minutes of waiting",
    steps: ['const dear = await Promise.resolve(7); throw new Error("on purpose")', "dear"],
    shows: "value 7",
  },
  {
    report: "`null` as the value of a cell shows nothing",
    steps: ["null"],
    shows: "value null",
  },
  { report: 'the string `"5"` shows as the number 5', steps: ['"5"'], shows: "value '5'" },
  {
    report: "an object literal is taken for a block",
    steps: ["{a: 1, b: 2}"],
    shows: "value { a: 1, b: 2 }",
  },
  {
    report: "`var` in a block is not seen by the next cell",
    steps: ["if (true) { var inBlock = 4 }", "inBlock"],
    shows: "value 4",
  },
  {
    report: "`import.meta`, `__dirname` and `module` do not exist",
    steps: ["[typeof import.meta.url, typeof __dirname, typeof module, typeof require]"],
    shows: "value [ 'string', 'string', 'object', 'function' ]",
  },
];

const types: Report[] = [
  {
    report: "syntax of today is refused: `using`, decorators, `toSorted`, `NoInfer`",
    steps: [
      "const closed: string[] = [];\n{ using file = { [Symbol.dispose]() { closed.push('closed') } } }\n[...closed, [3, 1].toSorted()[0], crypto.randomUUID().length]",
    ],
    shows: "value [ 'closed', 1, 36 ]",
  },
  {
    report: "valid code fails because its declaration has a private name",
    steps: [
      "interface Point { x: number }\nconst make = () => class { private n = 1; get() { return this.n } };\nconst p = (): Point => ({ x: 1 });",
      "new (make())().get() + p().x",
    ],
    shows: "value 2",
  },
  {
    report: "`strict` is off",
    steps: ["const text: string = null"],
    shows: "CompileError",
  },
  {
    report: "`// @ts-nocheck` is ignored",
    steps: ['// @ts-nocheck\nconst n: number = "text"; n'],
    shows: "value 'text'",
  },
];

const modules: Report[] = [
  {
    report: "after a failed import of a file that is then made, every later cell fails",
    steps: [
      'import { made } from "./made-later"',
      { write: "made-later.ts", text: "export const made = 5;\n" },
      'import { made } from "./made-later"; made',
    ],
    shows: "value 5",
  },
  {
    report: "modules outside the notebook's folder are refused: not under 'rootDir'",
    steps: [
      { write: "../outside.ts", text: "export const far: number = 8;\n" },
      'import { far } from "../outside"; far',
    ],
    shows: "value 8",
  },
  {
    report: "an edited module stays as it was, two steps away too",
    steps: [
      { write: "deep.ts", text: "export const depth = 1;\n" },
      { write: "near.ts", text: 'export { depth } from "./deep";\n' },
      'import { depth } from "./near"; depth',
      { write: "deep.ts", text: "export const depth = 2;\n" },
      'import { depth } from "./near"; depth',
    ],
    shows: "value 2",
  },
  {
    report: "a module that awaits at its top, with its ending in the import, does not load",
    steps: [
      { write: "waits.mts", text: "export const late = await Promise.resolve(3);\n" },
      'import { late } from "./waits.mts"; late',
    ],
    shows: "value 3",
  },
];

const output: Report[] = [
  {
    report: "output of synchronous work is held back until its end",
    steps: [{ early: 'console.log("starting"); const end = Date.now() + 1000; while (Date.now() < end);' }],
    shows: "prints `starting` while it computes",
  },
  {
    report: "20,000 printed lines arrive cut short",
    steps: [{ lines: "for (let i = 0; i < 20000; i++) console.log(i)" }],
    shows: "20000 lines",
  },
  {
    report: "what a timer prints lands in whichever cell runs",
    steps: [
      {
        late: 'void setTimeout(() => console.log("mine"), 50)',
        other: "await new Promise((r) => setTimeout(r, 200))",
      },
    ],
    shows: "prints `mine` in its own cell",
  },
  {
    report: "half a surrogate pair makes nbconvert lose the notebook",
    steps: ['console.log("half \\ud83d pair")'],
    shows: "prints `half \ufffd pair`",
  },
  { report: "`console.clear()` does nothing", steps: ["console.clear()"], shows: "clears the output" },
  {
    report: "a failed cell counts as a good one for nbconvert",
    steps: ['throw new TypeError("no")'],
    shows: "TypeError: no",
  },
  {
    report: "a printed error has frames of the kernel",
    steps: ['console.log(/kernel-setup|node:internal/.test(String(new Error("x").stack)))'],
    shows: "prints `false`",
  },
];

const asking: Report[] = [
  {
    report: "`prompt` does not exist",
    steps: [{ cell: "prompt('size?').length", answers: ["4K"] }],
    shows: "asks `size? `, value 2",
  },
  {
    report: "`readline.question` waits for ever",
    steps: [
      {
        cell: 'import * as rl from "node:readline/promises";\nawait rl.createInterface(process.stdin, process.stdout).question("size? ").then((t) => t.length)',
        answers: ["4K"],
      },
    ],
    shows: "asks `size? `, value 2",
  },
  {
    report: "nbconvert waits until its timeout for a question that nobody sees",
    steps: ["await new Promise((r) => process.stdin.once('data', r))"],
    shows: "NoInputError: process.stdin: this front end cannot ask for input (allow_stdin is false)",
  },
];

const programs: Report[] = [
  {
    report: '`stdio: "inherit"` prints into the terminal of the server',
    steps: [
      'import { execSync } from "node:child_process";\nexecSync("echo from a program", { stdio: "inherit" }); undefined',
    ],
    shows: "prints `from a program`",
  },
  {
    report: "a loop in a timer cannot be interrupted",
    steps: [{ interrupted: 'setTimeout(() => { console.log("it begins"); for (;;); }, 1)', after: "1 + 1" }],
    shows: "value 2",
  },
  {
    report: "`execSync` cannot be interrupted",
    steps: [
      {
        interrupted:
          'import { execSync } from "node:child_process";\nconsole.log("it begins"); execSync("sleep 60")',
        after: "1 + 1",
      },
    ],
    shows: "value 2",
  },
  {
    report: "`process.exit(0)` aborts in C++ and loses output; programs outlive the kernel",
    steps: [
      {
        ends: 'import { spawn } from "node:child_process";\nconsole.log(spawn("sleep", ["99"]).pid); process.exit(0)',
      },
    ],
    shows: "ProcessExit: process.exit(0) ended the kernel; exit status 0; its program has ended",
  },
];

const protocol: Report[] = [
  {
    report: "a request with binary buffers is dropped",
    steps: [{ request: "comm_info_request", content: {}, buffers: ["abc"] }],
    shows: 'answers {"status":"ok","comms":{}}',
  },
  {
    report: "`user_expressions` are empty",
    steps: [{ cell: "const five = 5", expressions: { x: "five + 1" } }],
    shows: 'expressions {"x":{"status":"ok","data":{"text/plain":"6"},"metadata":{}}}',
  },
  {
    report: "a comm that a front end opens is not answered",
    steps: [
      {
        request: "comm_open",
        content: { comm_id: "r1", target_name: "unknown", data: {} },
        unanswered: true,
      },
    ],
    shows: "sends comm_close",
  },
  {
    report: "`history` is empty",
    steps: [
      "'remembered'",
      { request: "history_request", content: { hist_access_type: "search", pattern: "'remem*" } },
    ],
    shows: "answers with 1 cell",
  },
  {
    report: "`is_complete` calls an open template complete",
    steps: [{ isComplete: "const t = `open" }],
    shows: "incomplete",
  },
  {
    report: "`is_complete` never says invalid",
    steps: [{ isComplete: "} else {" }],
    shows: "invalid",
  },
  {
    report: "a password is shown while it is typed",
    steps: [
      {
        cell: `await ${door}.input("key? ", { password: true }).then((t: string) => t.length)`,
        answers: ["s3"],
      },
    ],
    shows: "asks `key? ` hidden, value 2",
  },
];

const completion: Report[] = [
  {
    report: "completion inside a key corrupts the cell: `obj['alalpha`",
    steps: ["const obj = { alpha: 1, beta: 2 }", { complete: "obj['al" }],
    shows: "obj['alpha",
  },
  {
    report: "completion inside a module's name corrupts the cell: `'fs/prpromises`",
    steps: [{ complete: 'import { readFile } from "node:fs/pr' }],
    shows: 'import { readFile } from "node:fs/promises',
  },
  {
    report: "hover says `any` of a name that does not exist",
    steps: [{ hover: "nowhereDeclared" }],
    shows: "nothing",
  },
];

export const REPORTS: readonly ReportGroup[] = [
  { title: "Values of cells", reports: values },
  { title: "Types", reports: types },
  { title: "Modules", reports: modules },
  { title: "Output and errors", reports: output },
  { title: "Questions", reports: asking },
  { title: "Programs, interrupts and the end", reports: programs },
  { title: "Protocol", reports: protocol },
  { title: "Completion and hover", reports: completion },
];
