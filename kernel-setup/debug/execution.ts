/**
 * Stops and goes on. V8 stops at every statement of the compiled text; here a step goes on until another line as typed
 * is reached, and stops that concern nobody are passed over.
 */
import type { Debugger, Runtime } from "node:inspector";
import { EXCEPTION_FILTERS, Exceptions } from "./exceptions";
import { type Frame, framesOf, isTop, type Paused } from "./frames";
import { describeThrown, type Inspected } from "./inspected";
import type { SourcePlaces } from "./source-places";
import { PACKAGES, type Sources } from "./sources";

/** How a program goes on, as the debug protocol names it, and as V8 does. */
export const WAYS = { continue: "resume", next: "stepOver", stepIn: "stepInto", stepOut: "stepOut" } as const;
export type Way = keyof typeof WAYS;

export interface Stop {
  readonly reason: "breakpoint" | "step" | "exception" | "pause";
  readonly frames: readonly Frame[];
  readonly exception: Runtime.RemoteObject | undefined;
  /** No two stops have frames with the same id: front ends tell by it that a frame is another one. */
  readonly firstId: number;
}

interface Step {
  readonly way: Way;
  readonly call: Debugger.CallFrame;
  readonly line: number;
  readonly depth: number;
  readonly cells: number;
  /** Moves on as the step passes statements of its line. */
  column: { line: number; column: number };
}

type Tell = (event: string, body: object) => void;

/** There is one thread of JavaScript. */
export const THREAD = 1;
const ASYNC_DEPTH = 16;
const LOOK_AGAIN_MS = 30;

export class Execution {
  stop: Stop | undefined;
  /** V8 stands, be it only to see whether this is a stop. */
  private stands = false;
  private step: Step | undefined;
  private filters: readonly string[] = [];
  private passesOver = false;
  /** A stop is wanted as soon as code of the user's runs. */
  private pausing = false;
  /** V8's breakpoint at the start of the cell that a wanted stop waits for. */
  private atStart: string | undefined;
  /** How many cells have begun. */
  private cells = 0;
  /** Of the stack at the last stop. */
  private depth = 0;
  private nextId = 1;
  private readonly exceptions: Exceptions;

  constructor(
    private readonly inspected: Inspected,
    private readonly sources: Sources,
    private readonly tell: Tell,
    /** True while the main thread is paused for another reason: to be interrupted. */
    private readonly isBeingStopped: () => boolean,
  ) {
    this.exceptions = new Exceptions(inspected, sources);
    inspected.on<Paused>("Debugger.paused", (paused) => {
      this.stands = true;
      if (!this.isBeingStopped()) this.take(paused).catch(() => this.pass("resume"));
    });
    inspected.on("Debugger.resumed", () => {
      this.stands = false;
    });
  }

  async start(): Promise<void> {
    await this.inspected.post("Debugger.enable");
    await this.inspected.post("Debugger.setAsyncCallStackDepth", { maxDepth: ASYNC_DEPTH });
    await this.passOver(true);
  }

  /** A cell is about to be compiled: one that a wanted stop waits for stops at its start. */
  async cellBegins(places: SourcePlaces): Promise<void> {
    this.cells++;
    const at = this.pausing ? places.compiled(1) : undefined;
    if (at === undefined) return;
    const where = { url: places.url, lineNumber: at.line, columnNumber: at.column };
    const set = await this.inspected.post<{ breakpointId: string }>("Debugger.setBreakpointByUrl", where);
    this.atStart = set.breakpointId;
  }

  get isStanding(): boolean {
    return this.stands;
  }

  /** Goes on from a stop. */
  async go(way: Way): Promise<void> {
    const frame = this.stop?.frames.find(({ call }) => call !== undefined);
    if (this.stop === undefined) throw new Error(`${way}: the program is not stopped`);
    this.stop = undefined;
    this.step =
      way === "continue" || frame?.call === undefined
        ? undefined
        : {
            ...{ way, call: frame.call, line: frame.at.line, cells: this.cells },
            depth: this.depth,
            column: placeOf(frame.call),
          };
    await this.passOver(way !== "continue" || this.filters.length === 0);
    this.tell("continued", { threadId: THREAD, allThreadsContinued: true });
    this.pass(WAYS[way]);
  }

  /** Stops at the next statement of the user's, now or later. */
  async pause(): Promise<void> {
    if (this.stop !== undefined) return;
    this.pausing = true;
    await this.passOver(false);
    await this.inspected.post("Debugger.pause");
  }

  async stopOnExceptions(filters: readonly unknown[]): Promise<void> {
    const known: readonly string[] = EXCEPTION_FILTERS.map(({ filter }) => filter);
    this.filters = known.filter((filter) => filters.includes(filter));
    const state = this.filters.length > 0 ? "all" : "none";
    await this.inspected.post("Debugger.setPauseOnExceptions", { state });
    await this.passOver(this.filters.length === 0);
  }

  /** Ends the code that stands; `end` is called where it stands. */
  terminate(end: () => void): void {
    this.stop = undefined;
    this.step = undefined;
    end();
    this.inspected.post("Runtime.terminateExecution").catch(() => {});
    this.pass("resume");
    this.tell("continued", { threadId: THREAD, allThreadsContinued: true });
  }

  /** Lets the program run, and forgets breakpoints. */
  async end(): Promise<void> {
    this.pausing = false;
    if (this.stop !== undefined) await this.go("continue");
    await this.inspected.post("Debugger.disable");
  }

  private async take(paused: Paused): Promise<void> {
    const [top] = paused.callFrames;
    if (top === undefined) return this.pass("resume");
    const frames = framesOf(paused, this.sources);
    const own = frames.filter(({ call }) => call !== undefined);
    if (paused.reason === "exception" || paused.reason === "promiseRejection") {
      const uncaughtOnly = !this.filters.includes("all");
      if (await this.exceptions.isWanted(paused, uncaughtOnly))
        return this.stand("exception", frames, paused);
      return this.pass(this.step === undefined ? "resume" : "stepOver");
    }
    const hit = paused.hitBreakpoints ?? [];
    if (hit.some((id) => id !== this.atStart)) return this.stand("breakpoint", frames);
    if (hit.length > 0) return this.stand("pause", frames);
    if (this.step === undefined) return own.length > 0 ? this.stand("pause", frames) : this.passUntilOwn();
    const onward = this.onward(this.step, top, own.length);
    if (onward === undefined) return this.stand("step", frames);
    this.pass(onward);
  }

  /** How a step goes on; undefined if it has ended. */
  private onward(step: Step, top: Debugger.CallFrame, depth: number): string | undefined {
    const places = this.sources.ofScript(top.location.scriptId);
    if (places === undefined) return depth === 0 ? "resume" : "stepOut";
    // The cell that was stepped through has ended.
    if (step.cells !== this.cells && places.isCell && isTop(top)) return "resume";
    if (step.way === "next" && depth > step.depth) return "stepOut";
    const at = placeOf(top);
    const typed = places.typed(at.line, at.column, true);
    const again = step.way === "stepOut" ? "stepOver" : WAYS[step.way];
    if (typed === undefined) return again;
    const isSame = isSameFunction(top, step.call) && typed.line === step.line && depth === step.depth;
    const isFurther =
      at.line > step.column.line || (at.line === step.column.line && at.column > step.column.column);
    if (!isSame || !isFurther || step.way === "stepOut") return undefined;
    step.column = at;
    return again;
  }

  private stand(reason: Stop["reason"], frames: readonly Frame[], paused?: Paused): void {
    const exception = paused?.data as Runtime.RemoteObject | undefined;
    this.pausing = false;
    if (this.atStart !== undefined)
      this.inspected.post("Debugger.removeBreakpoint", { breakpointId: this.atStart }).catch(() => {});
    this.atStart = undefined;
    this.depth = frames.filter(({ call }) => call !== undefined).length;
    this.step = undefined;
    this.stop = { reason, frames, exception, firstId: this.nextId };
    this.nextId += frames.length;
    const text = exception === undefined ? {} : { text: describeThrown({ result: exception }) };
    this.tell("stopped", { reason, threadId: THREAD, allThreadsStopped: true, ...text });
  }

  /** The kernel runs, not the user's code: looks again a little later. */
  private passUntilOwn(): void {
    this.pass("resume");
    if (!this.pausing) return;
    const look = () => {
      if (this.pausing && !this.stands) this.inspected.post("Debugger.pause").catch(() => {});
    };
    setTimeout(look, LOOK_AGAIN_MS).unref();
  }

  private pass(how: string): void {
    this.inspected.post(`Debugger.${how}`).catch(() => {});
  }

  /**
   * Whether V8 passes over packages. A step does. What they throw is seen only if it does not; and V8 goes through them
   * step by step, very slowly, when it is to pause in one of them.
   */
  private async passOver(packages: boolean): Promise<void> {
    if (packages === this.passesOver) return;
    this.passesOver = packages;
    const patterns = packages ? PACKAGES : [];
    await this.inspected.post("Debugger.setBlackboxPatterns", { patterns });
  }
}

function placeOf({ location }: Debugger.CallFrame): { line: number; column: number } {
  return { line: location.lineNumber, column: location.columnNumber ?? 0 };
}

function isSameFunction(a: Debugger.CallFrame, b: Debugger.CallFrame): boolean {
  const [x, y] = [a.functionLocation, b.functionLocation];
  return (
    x?.scriptId === y?.scriptId && x?.lineNumber === y?.lineNumber && x?.columnNumber === y?.columnNumber
  );
}
