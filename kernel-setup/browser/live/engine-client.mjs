/**
 * Workers that hold the engine, for scripts of pages: this one, knobs, a playground. A worker answers one question at a time; one that
 * takes longer than it may is ended.
 */
import { sha256Hex } from "../../../lib/base/sha256";
import { unpacked } from "./unpack.mjs";

/** The program of the workers in the document, as a URL that a worker can be started from. It must have the SHA-256 that was built in. */
export async function programUrl(element, sha256) {
  const program = await unpacked(element.textContent);
  if (sha256Hex(program) !== sha256)
    throw new Error("the engine in this page was changed after it was written");
  return URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
}

export class EngineClient {
  #url;
  #worker = null;
  #first;
  #asked = 0;
  #end = null;

  /** `first`: what every new worker is asked before anything else, as [ask, given]. */
  constructor(url, first = null) {
    this.#url = url;
    this.#first = first;
  }

  /** The answer; rejects with one line. After `limitMs` the worker is ended. */
  async ask(ask, given, limitMs = Number.POSITIVE_INFINITY) {
    if (this.#worker === null) {
      this.#worker = new Worker(this.#url);
      if (this.#first !== null) await this.#send(...this.#first, Number.POSITIVE_INFINITY);
    }
    return this.#send(ask, given, limitMs);
  }

  /** Ends the worker; what it was asked is rejected. The next question starts another. */
  stop(why = "stopped") {
    this.#worker?.terminate();
    this.#worker = null;
    this.#end?.(new Error(why));
  }

  #send(ask, given, limitMs) {
    const worker = this.#worker;
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = Number.isFinite(limitMs)
        ? setTimeout(
            () => this.stop(`stopped: it ran longer than ${Math.round(limitMs / 1000)} s here`),
            limitMs,
          )
        : undefined;
      const settle = (finish, value) => {
        clearTimeout(timer);
        this.#end = null;
        finish(value);
      };
      this.#end = (error) => settle(reject, error);
      worker.onmessage = ({ data }) => {
        if (data.id !== id) return;
        if ("failed" in data) settle(reject, new Error(data.failed));
        else settle(resolve, data.value);
      };
      // A worker that the browser ended, for lack of memory or for an error of ours, is not asked again.
      worker.onerror = (event) => {
        event.preventDefault?.();
        this.stop(`the browser ended it: ${event.message ?? "no reason given"}`);
      };
      worker.postMessage({ id, ask, given });
    });
  }
}
