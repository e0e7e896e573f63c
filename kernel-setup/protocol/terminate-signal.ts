/** SIGTERM in the thread of the sockets: the main thread hears of no signal while a cell computes. */
type SignalWatch = new () => { onsignal: () => void; start(number: number): number; unref(): void };
type Bindings = { internalBinding(name: "signal_wrap"): { Signal: SignalWatch } };

/** Node lets only the main thread listen to signals. What it listens with is among its internal modules, which this option opens. */
export const EXPOSE_INTERNALS = "--expose-internals";
const SIGTERM = 15;

/** Calls `run` at each SIGTERM; does nothing on a Node that keeps this to itself. */
export function onTerminate(run: () => void): void {
  const { emitWarning } = process;
  try {
    // Node warns that these modules are its own.
    process.emitWarning = () => {};
    const { Signal } = (require("internal/test/binding") as Bindings).internalBinding("signal_wrap");
    const watch = new Signal();
    watch.unref();
    watch.onsignal = run;
    watch.start(SIGTERM);
  } catch {
    // The main thread listens too.
  } finally {
    process.emitWarning = emitWarning;
  }
}
