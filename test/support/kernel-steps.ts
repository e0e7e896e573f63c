/** Steps of a user at a notebook, and what each shows, in a few words. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Answer, KernelClient, type Received } from "../../kernel-setup/kernel-client";
import { isAlive } from "./alive";
import { whenBegun } from "./kernel";

export type Step =
  /** A cell in a front end that cannot ask. */
  | string
  | {
      readonly cell: string;
      readonly answers?: readonly string[];
      readonly expressions?: Readonly<Record<string, string>>;
    }
  /** A file is written. */
  | { readonly write: string; readonly text: string }
  /** A cell that computes for long: does its first output come early? */
  | { readonly early: string }
  | { readonly lines: string }
  /** A cell that prints later, while another one runs. */
  | { readonly late: string; readonly other: string }
  /** A cell is interrupted when it has printed that it begins, then another is run. */
  | { readonly interrupted: string; readonly after: string }
  /** A cell that ends the kernel after it printed the number of a process; in a kernel of its own. */
  | { readonly ends: string }
  | {
      readonly request: string;
      readonly content: object;
      readonly buffers?: readonly string[];
      readonly unanswered?: boolean;
    }
  | { readonly isComplete: string }
  /** The cell with the first completion at its end. */
  | { readonly complete: string }
  | { readonly hover: string };

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const streams = (output: readonly Received[], name: string) =>
  output.filter((m) => m.type === "stream" && m.content.name === name).map((m) => m.content.text);
const quoted = (text: string) => `\`${text.trimEnd()}\``;

/** What a cell shows: prints, values, its error. */
function shownBy({ output, reply }: Answer): string {
  const told: string[] = [];
  const [out, err] = [streams(output, "stdout").join(""), streams(output, "stderr").join("")];
  if (out !== "") told.push(`prints ${quoted(out)}`);
  if (err !== "") told.push(`prints ${quoted(err)} as an error`);
  if (output.some((m) => m.type === "clear_output")) told.push("clears the output");
  for (const m of output) {
    if (m.type === "execute_result") told.push(`value ${m.content.data["text/plain"]}`);
    if (m.type === "error")
      told.push(
        m.content.ename === "CompileError" ? "CompileError" : `${m.content.ename}: ${m.content.evalue}`,
      );
  }
  const expressions = reply.content.user_expressions ?? {};
  if (Object.keys(expressions).length > 0) told.push(`expressions ${JSON.stringify(expressions)}`);
  return told.length === 0 ? "nothing" : told.join(", ");
}

export class Desk {
  constructor(
    private readonly kernel: KernelClient,
    private readonly folder: string,
  ) {}

  /** Does one step; what it shows. */
  async take(step: Step): Promise<string> {
    const { kernel } = this;
    if (typeof step === "string") return shownBy(await kernel.execute(step));
    if ("cell" in step) return this.cell(step);
    if ("write" in step) return this.write(step.write, step.text);
    if ("early" in step) return this.early(step.early);
    if ("lines" in step) {
      const { output } = await kernel.execute(step.lines);
      return `${streams(output, "stdout").join("").split("\n").length - 1} lines`;
    }
    if ("late" in step) return this.late(step.late, step.other);
    if ("interrupted" in step) return this.interrupted(step.interrupted, step.after);
    if ("ends" in step) return this.ends(step.ends);
    if ("request" in step) return this.request(step);
    if ("isComplete" in step) {
      const { reply } = await kernel.request("is_complete_request", { code: step.isComplete });
      return reply.content.status;
    }
    if ("complete" in step) return this.complete(step.complete);
    const asked = { code: step.hover, cursor_pos: 1, detail_level: 0 };
    const { found, data } = (await kernel.request("inspect_request", asked)).reply.content;
    return found ? data["text/plain"] : "nothing";
  }

  private async cell({
    cell,
    answers = [],
    expressions = {},
  }: {
    cell: string;
    answers?: readonly string[];
    expressions?: Readonly<Record<string, string>>;
  }): Promise<string> {
    const left = [...answers];
    const asked: string[] = [];
    this.kernel.answerInput = ({ content }) => {
      asked.push(`asks \`${content.prompt}\`${content.password ? " hidden" : ""}`);
      return left.shift();
    };
    const shown = shownBy(
      await this.kernel.execute(cell, { allow_stdin: true, user_expressions: expressions }),
    );
    return [...asked, shown].join(", ");
  }

  private write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return "";
  }

  private async early(code: string): Promise<string> {
    const answer = await this.kernel.execute(code);
    const first = answer.output.find((m) => m.type === "stream");
    const early = first !== undefined && answer.reply.atMs - first.atMs > 500;
    return `${shownBy(answer)} ${early ? "while it computes" : "at its end"}`;
  }

  private async late(code: string, other: string): Promise<string> {
    const [own, running] = [await this.kernel.execute(code), await this.kernel.execute(other)];
    for (let waited = 0; streams(own.output, "stdout").length === 0 && waited < 2000; waited += 50)
      await pause(50);
    const elsewhere = streams(running.output, "stdout").length > 0;
    return `${shownBy(own)} in ${elsewhere ? "another" : "its own"} cell`;
  }

  private async interrupted(code: string, after: string): Promise<string> {
    const begun = whenBegun(this.kernel);
    const running = this.kernel.execute(code);
    await begun;
    await this.kernel.interrupt();
    await running;
    return shownBy(await this.kernel.execute(after));
  }

  private async ends(code: string): Promise<string> {
    const own = await KernelClient.start(this.folder);
    const answer = await own.execute(code);
    const { code: status } = await own.ended;
    await own.stop();
    const program = Number(streams(answer.output, "stdout").join(""));
    const error = answer.output.find((m) => m.type === "error")?.content;
    // Whoever inherits it may need a moment to take note of its end.
    for (let waited = 0; isAlive(program) && waited < 5000; waited += 50) await pause(50);
    const ended = isAlive(program) ? "its program lives" : "its program has ended";
    return `${error?.ename}: ${error?.evalue}; exit status ${status}; ${ended}`;
  }

  private async request(step: Extract<Step, { readonly request: string }>): Promise<string> {
    const buffers = (step.buffers ?? []).map((text) => Buffer.from(text));
    const unanswered = step.unanswered === true;
    const { reply, output } = await this.kernel.request(step.request, step.content, { buffers, unanswered });
    if (unanswered) return `sends ${output.filter((m) => m.type !== "status").map((m) => m.type)}`;
    const { history } = reply.content;
    if (history !== undefined) return `answers with ${history.length} cell${history.length === 1 ? "" : "s"}`;
    return `answers ${JSON.stringify(reply.content)}`;
  }

  private async complete(code: string): Promise<string> {
    const { reply } = await this.kernel.request("complete_request", { code, cursor_pos: code.length });
    const { matches, cursor_start, cursor_end } = reply.content;
    if (matches.length === 0) return "nothing";
    return code.slice(0, cursor_start) + matches[0] + code.slice(cursor_end);
  }
}
