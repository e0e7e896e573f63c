/** A front end's side of the debug protocol, over the wire. */
import assert from "node:assert/strict";
import type { Answer, KernelClient, Received } from "../../../kernel-setup/kernel-client";

/** A message of the debug protocol; what it carries depends on its type. */
// biome-ignore lint/suspicious/noExplicitAny: the shape depends on the command
type Content = any;

/** An event that has not come by then does not come. */
const EVENT_MS = 20_000;

export class DebugClient {
  private seq = 0;
  private readonly events: Content[] = [];
  private readonly waiting: { event: string; done: (body: Content) => void }[] = [];

  constructor(readonly kernel: KernelClient) {
    kernel.onOutput = (message: Received) => {
      if (message.type !== "debug_event" && message.type !== "stream") return;
      const { event = "stream", body = {} } = message.content;
      const waits = this.waiting.findIndex((one) => one.event === event);
      if (waits < 0) this.events.push({ event, body });
      else this.waiting.splice(waits, 1)[0]!.done(body);
    };
  }

  /** The whole answer to a request. */
  async ask(command: string, given: object = {}): Promise<Content> {
    const content = { type: "request", seq: ++this.seq, command, arguments: given };
    const { reply } = await this.kernel.request("debug_request", content, { channel: "control" });
    assert.equal(reply.type, "debug_reply");
    assert.equal(reply.content.request_seq, content.seq);
    assert.equal(reply.content.command, command);
    return reply.content;
  }

  /** The body of an answer that must be a success. */
  async body(command: string, given: object = {}): Promise<Content> {
    const { success, message, body } = await this.ask(command, given);
    assert.equal(success, true, message);
    return body;
  }

  /** The next event of this kind, or printed text (`stream`), which may have come already. */
  event(event: string): Promise<Content> {
    const index = this.events.findIndex((one) => one.event === event);
    if (index >= 0) return Promise.resolve(this.events.splice(index, 1)[0].body);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${event} in ${EVENT_MS} ms`)), EVENT_MS);
      const done = (body: Content) => {
        clearTimeout(late);
        resolve(body);
      };
      this.waiting.push({ event, done });
    });
  }

  /** Forgets events that nobody waited for. */
  forget(): void {
    this.events.length = 0;
  }

  async attach(): Promise<void> {
    this.forget();
    await this.body("initialize", { clientID: "test" });
    await this.body("attach");
  }

  /** Sets breakpoints in a cell as JupyterLab does; returns its path. */
  async breakIn(code: string, ...lines: number[]): Promise<string> {
    const { sourcePath } = await this.body("dumpCell", { code });
    await this.breakAt(sourcePath, ...lines);
    return sourcePath;
  }

  async breakAt(path: string, ...lines: number[]): Promise<number[]> {
    const breakpoints = lines.map((line) => ({ line }));
    const told = await this.body("setBreakpoints", { source: { path }, breakpoints, sourceModified: false });
    return told.breakpoints.map((one: { line: number }) => one.line);
  }

  /** Waits for the program to stop: why, and the stack as `name:line`. */
  async stopped(): Promise<{ reason: string; stack: string[]; frames: Content[] }> {
    const { reason } = await this.event("stopped");
    const { stackFrames } = await this.body("stackTrace", { threadId: 1 });
    const stack = stackFrames.map((one: Content) => `${one.name}:${one.line}`);
    return { reason, stack, frames: stackFrames };
  }

  /** What a scope of a frame holds, as text. */
  async variables(frameId: number, scope = "Locals"): Promise<Record<string, string>> {
    const { scopes } = await this.body("scopes", { frameId });
    const { variablesReference } = scopes.find((one: { name: string }) => one.name === scope);
    return this.open(variablesReference);
  }

  async open(variablesReference: number): Promise<Record<string, string>> {
    const { variables } = await this.body("variables", { variablesReference });
    return Object.fromEntries(variables.map((one: { name: string; value: string }) => [one.name, one.value]));
  }

  /** Goes on and waits for the next stop. */
  async step(how: string): Promise<{ reason: string; stack: string[]; frames: Content[] }> {
    await this.body(how, { threadId: 1 });
    return this.stopped();
  }

  /** Lets the program run to the end of the cell. */
  async finish(cell: Promise<Answer>): Promise<string | undefined> {
    await this.body("continue", { threadId: 1 });
    return result(await cell);
  }
}

export const result = ({ output }: Answer): string | undefined =>
  output.find((m) => m.type === "execute_result")?.content.data["text/plain"];
export const failure = ({ output }: Answer) => output.find((m) => m.type === "error")?.content;
