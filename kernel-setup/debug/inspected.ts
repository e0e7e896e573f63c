/** The main thread as V8's inspector shows it to the thread of the sockets. Works while the main thread stands or loops. */
import { type Runtime, Session } from "node:inspector";

/** What the main thread leaves for the debugger (debug-door.ts). */
export const DOOR_SYMBOL = "pageblock.debug";
const DOOR = `globalThis[Symbol.for("${DOOR_SYMBOL}")]`;

/** Objects that a front end may still ask about belong to this group. */
export const HELD = "pageblock";

/** The form of an answer to `Runtime.evaluate` and its like. */
export interface Evaluated {
  readonly result: Runtime.RemoteObject;
  readonly exceptionDetails?: Runtime.ExceptionDetails;
}

/** Expressions of the debugger's own stop nowhere and are told to nobody. */
const UNSEEN = { silent: true, disableBreaks: true };

export class Inspected {
  private readonly session = new Session() as Session & { connectToMainThread(): void };
  private evaluations = 0;

  constructor() {
    this.session.connectToMainThread();
  }

  /** Rejects with an error that names what the inspector refused. */
  post<T = unknown>(method: string, params: object = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = (error: unknown, answer?: unknown) => {
        if (error)
          reject(new Error(`${method}: ${(error as { message?: string }).message ?? String(error)}`));
        else resolve(answer as T);
      };
      this.session.post(method, params, take);
    });
  }

  on<T>(event: string, take: (params: T) => void): void {
    this.session.on(event, (message: { params: T }) => take(message.params));
  }

  /** True while the main thread works for the debugger: it takes no other message then. */
  get isEvaluating(): boolean {
    return this.evaluations > 0;
  }

  /** Runs what may be code of the user. */
  async evaluating<T>(method: string, params: object): Promise<T> {
    this.evaluations++;
    try {
      return await this.post<T>(method, params);
    } finally {
      this.evaluations--;
    }
  }

  /** Calls a part of the door; the answer is JSON. */
  async ask<T>(call: string): Promise<T> {
    const answer = await this.evaluating<Evaluated>("Runtime.evaluate", {
      expression: `JSON.stringify(${DOOR}.${call})`,
      returnByValue: true,
      ...UNSEEN,
    });
    if (answer.exceptionDetails !== undefined) throw new Error(describeThrown(answer));
    return JSON.parse(answer.result.value as string) as T;
  }

  /** Calls a part of the door; the answer stays where it is. */
  object(call: string): Promise<Evaluated> {
    const expression = `${DOOR}.${call}`;
    return this.evaluating("Runtime.evaluate", { expression, objectGroup: HELD, ...UNSEEN });
  }

  /** Applies a function, given as text, to an object. */
  call(objectId: string, functionDeclaration: string, values: readonly unknown[] = []): Promise<Evaluated> {
    const given = values.map((value) => ({ value }));
    const more = { arguments: given, objectGroup: HELD, silent: true };
    return this.evaluating("Runtime.callFunctionOn", { objectId, functionDeclaration, ...more });
  }

  disconnect(): void {
    this.session.disconnect();
  }
}

/** `TypeError: x is not a function`, from an answer that is an exception. */
export function describeThrown({ result, exceptionDetails }: Evaluated): string {
  const thrown = exceptionDetails?.exception ?? result;
  const text = thrown.description ?? String(thrown.value ?? exceptionDetails?.text);
  return text.split("\n")[0]!;
}
