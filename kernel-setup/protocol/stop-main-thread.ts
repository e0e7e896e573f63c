/**
 * Ends the JavaScript that the main thread is stuck in. The thread is paused first, as a debugger would, for two reasons: it is
 * stopped only where it may be, and Node's bookkeeping of asynchronous contexts, which has no entry for a callback that
 * ends so, can be cleared at that very place. Node does the same after an uncaught exception.
 *
 * A thread that is only slow, because the computer is busy, may be paused in code of the kernel itself. That is never stopped: the
 * request under way would stay unanswered, and all behind it.
 */
import { Session } from "node:inspector";
import { isOfKernel } from "../debug/sources";

/** What the main thread leaves for {@link StopMainThread}. */
const FORGET = "pageblock.forgetAsyncStack";
/** The frame of a cell is among these outermost ones: it is called by the kernel. */
const OUTER_FRAMES = 16;
/** Evaluated in the main thread where its code is about to be ended. */
export const END_HERE = `globalThis[Symbol.for("${FORGET}")]?.()`;

/**
 * Called in the main thread, before anything can be stopped there. `note` runs in the context of what is stopped, and
 * returns statements to run in the outermost frames, which save what a cell's frame holds.
 */
export function allowStopping(note: () => string): void {
  const clear = clearAsyncStack();
  const value = () => {
    const saving = note();
    clear();
    return saving;
  };
  Object.defineProperty(globalThis, Symbol.for(FORGET), { value });
}

/** Clears Node's stack of asynchronous contexts; nothing on a Node that does not let it be cleared. */
function clearAsyncStack(): () => void {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    const { clearAsyncIdStack } = (process as unknown as Bindings).binding("async_wrap");
    return () => clearAsyncIdStack();
  } catch {
    return () => {};
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
}

/** True if code is on the stack that is neither the kernel's nor Node's own; `urls`: of what its frames are code. */
export function isUsersCode(urls: readonly string[]): boolean {
  return urls.some((url) => !url.startsWith("node:") && !isOfKernel(url));
}

interface Bindings {
  binding(name: "async_wrap"): { clearAsyncIdStack(): void };
}

export class StopMainThread {
  private session: (Session & { connectToMainThread(): void }) | undefined;

  /** True while the main thread is paused, or about to be. */
  get isAtWork(): boolean {
    return this.session !== undefined;
  }

  /** Pauses the main thread wherever it is, and stops it there if `mayStop` says so of the files on its stack. */
  stop(mayStop: (urls: readonly string[]) => boolean): void {
    if (this.session !== undefined) return;
    const session = new Session() as Session & { connectToMainThread(): void };
    this.session = session;
    session.connectToMainThread();
    const resume = () => session.post("Debugger.resume", () => this.cancel());
    // Frames do not name their files, where the session is of another thread.
    const urls = new Map<string, string>();
    session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
    session.once("Debugger.paused", ({ params }) => {
      if (!mayStop(params.callFrames.map(({ location }) => urls.get(location.scriptId) ?? "")))
        return resume();
      session.post("Runtime.evaluate", { expression: END_HERE }, (_, answer) => {
        const saving = String(answer?.result.value ?? "");
        for (const { callFrameId } of saving === "" ? [] : params.callFrames.slice(-OUTER_FRAMES))
          session.post("Debugger.evaluateOnCallFrame", { callFrameId, expression: saving });
        session.post("Runtime.terminateExecution");
        resume();
      });
    });
    session.post("Debugger.enable");
    session.post("Debugger.pause");
  }

  /** Leaves the main thread alone. */
  cancel(): void {
    this.session?.disconnect();
    this.session = undefined;
  }
}
