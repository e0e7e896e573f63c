/**
 * Questions to the person at the front end: `prompt`, `confirm`, `readline` and reading `process.stdin` send Jupyter's
 * `input_request`. A front end that has no input (nbconvert) gets an error at once, and never waits.
 */

import { syncBuiltinESMExports } from "node:module";
import readline from "node:readline";
import readlinePromises from "node:readline/promises";
import { promisify } from "node:util";
import { type CellContext, currentCell } from "./cell-context";
import type { Channels } from "./channels";
import { NotebookInput } from "./notebook-input";

/** No answer can be had. */
export class NoInputError extends Error {
  constructor(what: string) {
    super(`${what}: this front end cannot ask for input (allow_stdin is false)`);
    this.name = "NoInputError";
  }
}

/** The cell was interrupted while it waited for an answer. */
export class InterruptedError extends Error {
  constructor(what: string) {
    super(`${what}: the cell was interrupted while it waited for an answer`);
    this.name = "Interrupted";
  }
}

interface HowToAsk {
  readonly password?: boolean;
}

export class Questions {
  constructor(private readonly channels: Channels) {}

  /** The answer as text. Rejects with {@link NoInputError} or {@link InterruptedError}. */
  async ask(what: string, prompt: string, how: HowToAsk = {}): Promise<string> {
    const value = await this.channels.ask(this.question(what, prompt, how));
    if (value === undefined) throw new InterruptedError(what);
    return value;
  }

  /** The same, and nothing else of the cell runs before the answer is there. */
  askNow(what: string, prompt: string, how: HowToAsk = {}): string {
    const value = this.channels.askNow(this.question(what, prompt, how));
    if (value === undefined) throw new InterruptedError(what);
    return value;
  }

  /** Gives cells `prompt` and `confirm` as browsers and Deno have them, and `readline` and `process.stdin` with answers. */
  publish(failCell: (cell: number, error: Error) => void): void {
    const define = (name: string, value: unknown) =>
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    define("prompt", (message: unknown = "Prompt", usual?: unknown): string => {
      const shown = usual === undefined ? `${message} ` : `${message} [${usual}] `;
      const value = this.askNow("prompt", shown);
      return value === "" && usual !== undefined ? String(usual) : value;
    });
    define("confirm", (message: unknown = "Confirm"): boolean =>
      /^\s*y(es)?\s*$/i.test(this.askNow("confirm", `${message} [y/N] `)),
    );
    const source = {
      ask: (context: CellContext, prompt: string) => {
        if (!context.allowsInput) return Promise.reject(new NoInputError("process.stdin"));
        return this.ask("process.stdin", prompt);
      },
      failed: (context: CellContext, error: Error) => failCell(context.cell, error),
    };
    const stdin = new NotebookInput(source);
    Object.defineProperty(process, "stdin", { get: () => stdin, configurable: true, enumerable: true });
    this.changeReadline(() => new NotebookInput(source), stdin);
  }

  private question(what: string, prompt: string, { password = false }: HowToAsk) {
    const context = currentCell();
    if (context === undefined || !context.allowsInput) throw new NoInputError(what);
    return { cell: context.cell, identities: context.identities, prompt, password };
  }

  /** An interface on `process.stdin` asks the front end: `question` for one answer, a listener of lines for one after the other. */
  private changeReadline(newInput: () => NotebookInput, stdin: NotebookInput): void {
    for (const module of [readline, readlinePromises]) {
      type Interface = readline.Interface & { input?: unknown };
      const create = module.createInterface as (...args: unknown[]) => Interface;
      const created = (input: unknown, ...rest: unknown[]): Interface => {
        const options =
          (input as { input?: unknown } | undefined)?.input === stdin ? (input as object) : undefined;
        if (input !== stdin && options === undefined) return create(input, ...rest);
        const own = newInput();
        const made =
          options === undefined
            ? create({ input: own, output: rest[0], completer: rest[1], terminal: false })
            : create({ ...options, input: own, terminal: false });
        own.readFor(made);
        return made;
      };
      Object.assign(module, { createInterface: created });
    }
    this.changeQuestion();
    syncBuiltinESMExports();
  }

  private changeQuestion(): void {
    const questions = this;
    type Self = { input?: unknown; closed?: boolean };
    type Ask = (this: Self, query: string, ...rest: unknown[]) => unknown;
    const asks = (self: Self) => self.input instanceof NotebookInput && self.closed !== true;
    const plain = readline.Interface.prototype as unknown as { question: Ask };
    const original = plain.question;
    const changed: Ask = function (query, ...rest) {
      const done = rest.at(-1) as (answer: string) => void;
      if (!asks(this) || typeof done !== "function") return original.call(this, query, ...rest);
      questions.question("readline", query, {});
      questions.ask("readline", query).then(done, () => {});
      return undefined;
    };
    const later: Ask = (query, options) => {
      const signal = (options as { signal?: AbortSignal } | undefined)?.signal;
      const answer = questions.ask("readline", query);
      if (signal === undefined) return answer;
      const aborted = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
      return Promise.race([answer, aborted]);
    };
    plain.question = Object.assign(changed, { [promisify.custom]: later });
    const promised = readlinePromises.Interface.prototype as unknown as { question: Ask };
    const originalPromised = promised.question;
    promised.question = function (query, ...rest) {
      return asks(this) ? later.call(this, query, ...rest) : originalPromised.call(this, query, ...rest);
    };
    for (const shared of [plain, promised] as unknown as { prompt: (keep?: boolean) => void }[]) {
      const prompt = shared.prompt;
      shared.prompt = function (this: Self & { getPrompt(): string }, ...rest) {
        if (this.input instanceof NotebookInput) this.input.promptWith(this.getPrompt());
        else prompt.apply(this, rest);
      };
    }
  }
}
