/** The stack of a program that stands: the frames of the user's code, their scopes, and names as typed. */
import type { Debugger, Runtime } from "node:inspector";
import { basename } from "node:path";
import { LOCAL } from "../cells/local-names";
import { moduleNames, type Renamed } from "./expression";
import type { Evaluated, Inspected } from "./inspected";
import type { Place, SourcePlaces } from "./source-places";
import type { Sources } from "./sources";
import type { Values, Variable } from "./values";

/** A frame of a cell or a module. Those that wait for it can be looked at, but have no variables any more. */
export interface Frame {
  readonly name: string;
  readonly places: SourcePlaces;
  readonly at: Place;
  readonly call: Debugger.CallFrame | undefined;
}

/** What Debugger.paused tells. */
export type Paused = Debugger.PausedEventDataType;

interface Scopes {
  readonly locals: Map<string, Runtime.RemoteObject>;
  readonly module: Map<string, Runtime.RemoteObject>;
  /** What stands for a name in this frame. */
  readonly renamed: Map<string, string>;
}

const OF_WRAPPER =
  /^(?:exports|require|module|__filename|__dirname|\$(?:require|import|dynamic|meta|at|cell))$/;
const WORDS = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;

/** True for the code at the top of a cell or module: its function begins where the wrapper does. */
export const isTop = ({ functionLocation }: Debugger.CallFrame) => functionLocation?.lineNumber === 0;

export function framesOf({ callFrames, asyncStackTrace }: Paused, sources: Sources): Frame[] {
  const frames: Frame[] = [];
  for (const call of callFrames) {
    const { scriptId, lineNumber, columnNumber = 0 } = call.location;
    const places = sources.ofScript(scriptId);
    const at = places?.typed(lineNumber, columnNumber);
    if (places === undefined || at === undefined) continue;
    const name = isTop(call) ? nameOf(places) : call.functionName || "(anonymous)";
    frames.push({ name, places, at, call });
  }
  for (let one = asyncStackTrace; one !== undefined; one = one.parent)
    for (const { functionName, scriptId, lineNumber, columnNumber } of one.callFrames) {
      const places = sources.ofScript(scriptId);
      const at = places?.typed(lineNumber, columnNumber);
      if (places === undefined || at === undefined) continue;
      frames.push({ name: `${functionName || nameOf(places)} (waits)`, places, at, call: undefined });
    }
  return frames;
}

/** `In[3]`, `util.ts`. */
export const nameOf = ({ isCell, text }: SourcePlaces) => (isCell ? text.name : basename(text.name));

export class FrameScopes {
  constructor(
    private readonly inspected: Inspected,
    private readonly values: Values,
  ) {}

  /** The scopes of a frame, as the debug protocol tells of them. */
  scopes({ call, places }: Frame): { name: string; variablesReference: number; expensive: boolean }[] {
    if (call === undefined) return [];
    const scope = (name: string, content: () => Promise<Variable[]>) => ({
      ...{ name, expensive: false },
      variablesReference: this.values.hold(content),
    });
    const read = () => this.read(call, places);
    const show = (all: Map<string, Runtime.RemoteObject>) =>
      [...all].map(([name, remote]) => this.values.variable(name, remote, name));
    const locals = async () => {
      const { locals } = await read();
      if (!places.isCell) return show(isTop(call) ? (await read()).module : locals);
      if (!isTop(call)) return show(locals);
      return show(new Map([...(await this.ofCells()), ...locals]));
    };
    const others = async () => show(places.isCell ? await this.ofCells() : (await read()).module);
    return [scope("Locals", locals), scope("Globals", others)];
  }

  /** The variables of cells, with their values now. */
  async ofCells(): Promise<Map<string, Runtime.RemoteObject>> {
    const { result } = await this.inspected.object("variables()");
    if (result.objectId === undefined) return new Map();
    const all = await this.values.properties(result.objectId);
    return new Map(
      all.flatMap(({ name, value }) => (value === undefined || isProto(name) ? [] : [[name, value]])),
    );
  }

  /** What stands for the names of a frame; without one, for those of cells. */
  async renamed(frame: Frame | undefined): Promise<Renamed> {
    const kept = new Map(await this.inspected.ask<[string, string][]>("kept()"));
    if (frame?.call === undefined) return kept;
    const { locals, renamed } = await this.read(frame.call, frame.places);
    for (const name of locals.keys()) kept.delete(name);
    return new Map([...(frame.places.isCell ? kept : []), ...renamed]);
  }

  private async read(call: Debugger.CallFrame, places: SourcePlaces): Promise<Scopes> {
    const typed = new Set(places.text.typed.match(WORDS));
    const found: Scopes = { locals: new Map(), module: new Map(), renamed: new Map() };
    for (const scope of call.scopeChain) {
      if (scope.type === "script" || scope.type === "global" || scope.object.objectId === undefined) continue;
      const isOfModule = !places.isCell && scope.startLocation?.lineNumber === 0;
      const into = isOfModule ? found.module : found.locals;
      for (const { name, value } of await this.values.properties(scope.object.objectId)) {
        const own = name.startsWith(LOCAL) ? name.slice(LOCAL.length) : name;
        if (value === undefined || OF_WRAPPER.test(own) || !typed.has(own) || into.has(own)) continue;
        if (found.locals.has(own)) continue;
        into.set(own, value);
        if (own !== name) found.renamed.set(own, name);
      }
    }
    if (!isTop(call) && call.this.type === "object" && call.this.className !== "global")
      found.locals.set("this", call.this);
    if (!places.isCell) await this.readModule(call, places, found);
    return found;
  }

  /** What a module imports and exports are no variables in its compiled text. */
  private async readModule(call: Debugger.CallFrame, places: SourcePlaces, found: Scopes): Promise<void> {
    const { scriptId } = call.location;
    const { scriptSource } = await this.inspected.post<Debugger.GetScriptSourceReturnType>(
      "Debugger.getScriptSource",
      { scriptId },
    );
    const { imported, exported } = moduleNames(places.text.typed, scriptSource);
    for (const [name, other] of [...imported, ...exported])
      if (!found.locals.has(name)) found.renamed.set(name, other);
    for (const [name, other] of exported) {
      const { result, exceptionDetails } = await this.inspected.evaluating<Evaluated>(
        "Debugger.evaluateOnCallFrame",
        { callFrameId: call.callFrameId, expression: other, generatePreview: true, silent: true },
      );
      if (exceptionDetails === undefined) found.module.set(name, result);
    }
  }
}

const isProto = (name: string) => name === "__proto__";
