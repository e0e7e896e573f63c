/**
 * The message loop of a Web Worker: `{id, ask, given}` comes in, `{id, value}` or `{id, failed}`, one line, goes out. Who started the
 * worker limits its time by ending it.
 */
import { lineOf } from "../base/line-of";

/** The few names of a worker's global scope that are used; the library is compiled without those of browsers. */
interface WorkerScope {
  onmessage: ((event: { data: { id: number; ask: string; given: unknown } }) => void) | null;
  postMessage(message: unknown): void;
}

/** Answers every message with what `answer` gives for it. */
export function answerMessages(answer: (ask: string, given: unknown) => Promise<unknown>): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data: { id, ask, given } }) => {
    answer(ask, given).then(
      (value) => scope.postMessage({ id, value }),
      (error: unknown) => scope.postMessage({ id, failed: lineOf(error) }),
    );
  };
}
