/** What a front end can look at: the stack of a program that stands, its variables, and those of cells at any time. */
import type { Stop } from "./execution";
import { compiledExpression } from "./expression";
import { type Frame, FrameScopes, nameOf } from "./frames";
import { describeThrown, type Evaluated, HELD, type Inspected } from "./inspected";
import type { Sources } from "./sources";
import { textOf, typeOf, Values, type Variable } from "./values";

/** Runs in the main thread: the MIME bundle of a value, as JSON. */
const BUNDLE = `function () { return JSON.stringify(globalThis[Symbol.for("pageblock.debug")].bundle(this) ?? null); }`;

export class Inspection {
  readonly values: Values;
  private readonly frameScopes: FrameScopes;

  constructor(
    readonly inspected: Inspected,
    private readonly sources: Sources,
    /** Where the program stands, if it does. */
    private readonly stop: () => Stop | undefined,
  ) {
    this.values = new Values(inspected);
    this.frameScopes = new FrameScopes(inspected, this.values);
  }

  scopes(frameId: unknown): object {
    return { scopes: this.frameScopes.scopes(this.frame(frameId)) };
  }

  /** The variables of cells. */
  async variables(): Promise<object> {
    const { values, frameScopes } = this;
    if (this.stop() === undefined) values.clear();
    const all = [...(await frameScopes.ofCells())];
    return { variables: all.map(([name, remote]): Variable => values.variable(name, remote, name)) };
  }

  /** Evaluates in a frame, or among the variables of cells. */
  private async result(expression: string, frameId: unknown): Promise<Evaluated> {
    const { inspected, frameScopes } = this;
    const frame = this.stop() === undefined ? undefined : this.frame(frameId);
    if (frame !== undefined && frame.call === undefined)
      throw new Error("evaluate: this frame waits, and has no variables");
    const js = compiledExpression(expression, await frameScopes.renamed(frame));
    const more = { expression: js, objectGroup: HELD, generatePreview: true, silent: true };
    const answer =
      frame?.call === undefined
        ? await inspected.evaluating<Evaluated>("Runtime.evaluate", { ...more, disableBreaks: true })
        : await inspected.evaluating<Evaluated>("Debugger.evaluateOnCallFrame", {
            ...more,
            callFrameId: frame.call.callFrameId,
          });
    if (answer.exceptionDetails !== undefined) throw new Error(describeThrown(answer));
    return answer;
  }

  async evaluate({ expression, frameId }: Record<string, unknown>): Promise<object> {
    const text = String(expression ?? "");
    const { result } = await this.result(text, frameId);
    const { variablesReference } = this.values.variable(text, result, text);
    return { result: textOf(result), type: typeOf(result), variablesReference };
  }

  /** A variable as a cell shows it. */
  async richly({ variableName, frameId }: Record<string, unknown>): Promise<object> {
    const { result } = await this.result(String(variableName ?? ""), frameId);
    if (result.objectId === undefined) return { data: { "text/plain": textOf(result) }, metadata: {} };
    const shown = await this.inspected.call(result.objectId, BUNDLE);
    const data = shown.exceptionDetails === undefined ? JSON.parse(String(shown.result.value)) : null;
    return { data: data ?? { "text/plain": textOf(result) }, metadata: {} };
  }

  stack({ startFrame, levels }: Record<string, unknown>): object {
    const { frames, firstId } = this.stop() ?? { frames: [], firstId: 1 };
    const from = Number(startFrame) || 0;
    const to = Number(levels) > 0 ? from + Number(levels) : frames.length;
    const stackFrames = frames.map(({ name, places, at, call }, i) => ({
      ...{ id: firstId + i, name, line: at.line, column: at.column },
      source: { name: nameOf(places), path: this.sources.pathOf(places) },
      ...(call === undefined ? { presentationHint: "subtle" } : {}),
    }));
    return { stackFrames: stackFrames.slice(from, to), totalFrames: frames.length };
  }

  /** The frame with this id; the topmost without one. */
  private frame(id: unknown): Frame {
    const { frames, firstId } = this.stop() ?? { frames: [], firstId: 1 };
    const found = id === undefined || id === 0 ? frames[0] : frames[Number(id) - firstId];
    if (found === undefined) throw new Error(`the stack has no frame with the id ${Number(id)}`);
    return found;
  }

  exceptionInfo(): object {
    const exception = this.stop()?.exception;
    if (exception === undefined) throw new Error("exceptionInfo: the program did not stop at an exception");
    const description = describeThrown({ result: exception });
    return { exceptionId: typeOf(exception), description, breakMode: "always" };
  }
}
