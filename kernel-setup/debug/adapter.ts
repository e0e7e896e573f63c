/**
 * Jupyter's debug protocol: the Debug Adapter Protocol inside `debug_request`, with requests of Jupyter's own. Runs in
 * the thread of the sockets, so that it answers while the main thread stands.
 * Sources: https://jupyter-client.readthedocs.io/en/stable/messaging.html#debug-request,
 * https://microsoft.github.io/debug-adapter-protocol/specification
 */
import { Busy } from "../interrupt-state";
import { Breakpoints, type Resolved } from "./breakpoints";
import { EXCEPTION_FILTERS } from "./exceptions";
import { Execution, THREAD, WAYS, type Way } from "./execution";
import { Inspected } from "./inspected";
import { Inspection } from "./inspection";
import type { CompiledText } from "./source-places";
import { CELL_NAMES, Sources } from "./sources";

/** A request or an answer. */
interface DebugMessage {
  readonly seq?: number;
  readonly command?: string;
  readonly arguments?: Record<string, unknown>;
}

type Body = object | undefined;

const CAPABILITIES = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsEvaluateForHovers: true,
  supportsExceptionInfoRequest: true,
  supportsModulesRequest: true,
  supportsTerminateDebuggee: false,
  exceptionBreakpointFilters: EXCEPTION_FILTERS,
};

export class DebugAdapter {
  private readonly sources = new Sources();
  private readonly breakpoints = new Breakpoints(this.sources, () =>
    this.execution === undefined ? undefined : this.connected?.inspected,
  );
  private connected: Inspection | undefined;
  private execution: Execution | undefined;
  private isStarted = false;
  private seq = 0;

  constructor(
    private readonly busy: Int32Array,
    /** Sends a `debug_event`. */
    private readonly publish: (content: object) => void,
    private readonly isBeingStopped: () => boolean,
  ) {}

  /** Answers a request; never rejects. */
  async answer(request: DebugMessage): Promise<object> {
    const { seq: request_seq = 0, command = "" } = request;
    const reply = { type: "response", request_seq, command, seq: ++this.seq };
    try {
      const body = (await this.handle(command, request.arguments ?? {})) ?? {};
      if (command === "initialize") setImmediate(() => this.tell("initialized", {}));
      return { ...reply, success: true, body };
    } catch (error) {
      return { ...reply, success: false, message: (error as Error).message, body: {} };
    }
  }

  /** Takes a text that the main thread is about to compile; it waits until its breakpoints are set. */
  async compiled(text: CompiledText): Promise<void> {
    const { connected, execution } = this;
    try {
      if (connected === undefined || execution === undefined) return;
      const places = this.sources.add(text);
      const starts = places.isCell ? execution.cellBegins(places) : undefined;
      const set = Promise.all([starts, this.breakpoints.place(places)]);
      set.catch(() => {});
      // While it stands, it takes no message before it has its answer; nor if what it works at for the debugger loads this.
      if (execution.stop !== undefined) return;
      const late = connected.inspected.isEvaluating ? [later(EVALUATING_MS)] : [];
      await Promise.race([set, ...late]);
    } finally {
      Atomics.add(this.busy, Busy.textsSeen, 1);
      Atomics.notify(this.busy, Busy.textsSeen);
    }
  }

  /** Ends the code that stands, if any does; `end` is called where it stands. */
  interrupt(end: (inspected: Inspected) => void): void {
    const { execution, connected } = this;
    if (execution?.isStanding && connected !== undefined && !this.isBeingStopped())
      execution.terminate(() => end(connected.inspected));
  }

  private async handle(command: string, given: Record<string, unknown>): Promise<Body> {
    switch (command) {
      case "initialize":
        this.isStarted = true;
        return CAPABILITIES;
      case "attach":
        return this.attach();
      case "disconnect":
        return this.disconnect();
      case "debugInfo":
        return this.info();
      case "configurationDone":
        return undefined;
      case "dumpCell":
        return { sourcePath: this.sources.dump(String(given.code ?? "")) };
      case "setBreakpoints":
        return this.setBreakpoints(given);
      case "source":
        return this.source(given);
      case "modules": {
        const modules = this.sources.modules().map((path, id) => ({ id, name: path, path }));
        return { modules, totalModules: modules.length };
      }
      case "inspectVariables":
        return this.connect().variables();
      case "richInspectVariables":
        return this.connect().richly(given);
      case "variables":
        return { variables: await this.connect().values.open(given.variablesReference) };
      case "evaluate":
        return this.connect().evaluate(given);
      case "threads":
        return { threads: [{ id: THREAD, name: "main" }] };
      default:
        return this.whileAttached(command, given);
    }
  }

  /** What needs a debugger that is attached. */
  private async whileAttached(command: string, given: Record<string, unknown>): Promise<Body> {
    const { execution } = this;
    if (execution === undefined && (command in WAYS || ATTACHED.has(command)))
      throw new Error(`${command}: no debugger is attached`);
    if (command in WAYS) {
      this.connected?.values.clear();
      await execution!.go(command as Way);
      return { allThreadsContinued: true };
    }
    switch (command) {
      case "pause":
        return execution!.pause().then(() => undefined);
      case "setExceptionBreakpoints":
        return execution!
          .stopOnExceptions(Array.isArray(given.filters) ? given.filters : [])
          .then(() => undefined);
      case "stackTrace":
        return this.connect().stack(given);
      case "scopes":
        return this.connect().scopes(given.frameId);
      case "exceptionInfo":
        return this.connect().exceptionInfo();
      default:
        throw new Error(`${command.slice(0, 40)}: this request is not known here`);
    }
  }

  private connect(): Inspection {
    this.connected ??= new Inspection(new Inspected(), this.sources, () => this.execution?.stop);
    return this.connected;
  }

  private async attach(): Promise<undefined> {
    if (this.execution !== undefined) return;
    const { inspected } = this.connect();
    // From now on texts are announced; those that are there already are asked for.
    Atomics.store(this.busy, Busy.debugging, 1);
    const tell = (event: string, body: object) => this.tell(event, body);
    const execution = new Execution(inspected, this.sources, tell, this.isBeingStopped);
    inspected.on<{ scriptId: string; url: string }>("Debugger.scriptParsed", ({ scriptId, url }) =>
      this.sources.parsed(scriptId, url),
    );
    inspected.on<Resolved>("Debugger.breakpointResolved", (resolved) => this.breakpoints.resolved(resolved));
    this.execution = execution;
    const texts = await inspected.ask<CompiledText[]>("texts()");
    for (const text of texts) this.sources.add(text);
    await execution.start();
    for (const places of this.sources.all()) await this.breakpoints.place(places);
  }

  private async disconnect(): Promise<undefined> {
    const { execution, connected } = this;
    Atomics.store(this.busy, Busy.debugging, 0);
    this.isStarted = false;
    this.execution = undefined;
    this.connected = undefined;
    this.breakpoints.clear();
    this.sources.forgetScripts();
    await execution?.end();
    connected?.inspected.disconnect();
  }

  private info(): object {
    return {
      isStarted: this.isStarted,
      ...CELL_NAMES,
      breakpoints: this.breakpoints.all(),
      stoppedThreads: this.execution?.stop === undefined ? [] : [THREAD],
      richRendering: true,
      exceptionPaths: [],
      copyToGlobals: false,
    };
  }

  private async setBreakpoints(given: Record<string, unknown>): Promise<object> {
    const path = pathIn(given);
    const wanted = Array.isArray(given.breakpoints) ? given.breakpoints : [];
    return { breakpoints: await this.breakpoints.replace(path, wanted) };
  }

  private source(given: Record<string, unknown>): object {
    const path = pathIn(given);
    const content = this.sources.typed(path);
    if (content === undefined) throw new Error(`source: not known to the kernel: ${path.slice(0, 200)}`);
    return { content, mimeType: "text/typescript" };
  }

  private tell(event: string, body: object): void {
    this.publish({ type: "event", seq: ++this.seq, event, body });
  }
}

/** So long an expression of the debugger waits that loads a module. */
const EVALUATING_MS = 500;
const later = (ms: number) => new Promise<void>((done) => setTimeout(done, ms).unref());

const ATTACHED = new Set(["pause", "setExceptionBreakpoints", "stackTrace", "scopes", "exceptionInfo"]);

function pathIn({ source }: Record<string, unknown>): string {
  const path = (source as { path?: unknown } | undefined)?.path;
  if (typeof path !== "string") throw new Error("the source needs a path");
  return path;
}
