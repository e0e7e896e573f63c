/**
 * Breakpoints, by the path of their source: set before a cell runs, they hold for each of its runs. The line of a
 * breakpoint moves to where the program can stop.
 */
import { breakableLines } from "./breakable-lines";
import { compiledExpression } from "./expression";
import type { Inspected } from "./inspected";
import type { SourcePlaces } from "./source-places";
import type { Sources } from "./sources";

interface Asked {
  line: number;
  readonly condition: string | undefined;
}

/** As the debug protocol tells of one. */
export interface ToldBreakpoint {
  readonly verified: boolean;
  readonly line: number;
  readonly source: { readonly path: string };
  readonly message?: string;
}

interface SetByUrl {
  readonly breakpointId: string;
  readonly locations: readonly Location[];
}

interface Location {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber?: number;
}

/** `Debugger.breakpointResolved`: a script with a breakpoint has been read. */
export interface Resolved {
  readonly breakpointId: string;
  readonly location: Location;
}

const validLine = (line: unknown): line is number => Number.isSafeInteger(line) && (line as number) > 0;

export class Breakpoints {
  private readonly asked = new Map<string, Asked[]>();
  /** V8's breakpoints by the URL of their script; what each was asked for. */
  private readonly set = new Map<string, Map<string, Asked>>();

  constructor(
    private readonly sources: Sources,
    /** Undefined while no debugger is attached. */
    private readonly inspected: () => Inspected | undefined,
  ) {}

  /** All of them, as `debugInfo` tells. */
  all(): { source: string; breakpoints: { line: number }[] }[] {
    return [...this.asked].flatMap(([source, asked]) =>
      asked.length === 0 ? [] : [{ source, breakpoints: asked.map(({ line }) => ({ line })) }],
    );
  }

  /** Replaces those of one source. */
  async replace(
    path: string,
    wanted: readonly { line?: unknown; condition?: unknown }[],
  ): Promise<ToldBreakpoint[]> {
    const typed = this.sources.typed(path);
    const breakable = typed === undefined ? [] : breakableLines(typed, path);
    const asked = wanted.flatMap(({ line, condition }) =>
      validLine(line)
        ? [
            {
              line: nearest(line, breakable),
              condition: typeof condition === "string" ? condition : undefined,
            },
          ]
        : [],
    );
    this.asked.set(path, asked);
    for (const places of this.sources.withPath(path)) await this.place(places);
    const missing = typed === undefined ? { message: "this source is not known to the kernel" } : {};
    return asked.map(({ line }) => ({ verified: typed !== undefined, line, source: { path }, ...missing }));
  }

  /** Sets the breakpoints of a text, also before V8 has read it. */
  async place(places: SourcePlaces): Promise<void> {
    const inspected = this.inspected();
    if (inspected === undefined) return;
    const older = this.set.get(places.url) ?? new Map<string, Asked>();
    const newer = new Map<string, Asked>();
    this.set.set(places.url, newer);
    const removed = [...older.keys()].map((breakpointId) =>
      inspected.post("Debugger.removeBreakpoint", { breakpointId }),
    );
    await Promise.all(removed);
    for (const one of this.asked.get(this.sources.pathOf(places)) ?? []) {
      const at = places.compiled(one.line);
      if (at === undefined) continue;
      const where = { url: places.url, lineNumber: at.line, columnNumber: at.column };
      const condition = one.condition === undefined ? {} : { condition: compiledOr(one.condition) };
      try {
        const set = await inspected.post<SetByUrl>("Debugger.setBreakpointByUrl", { ...where, ...condition });
        newer.set(set.breakpointId, one);
        for (const location of set.locations) this.resolved({ breakpointId: set.breakpointId, location });
      } catch {
        // Two lines that were compiled to one place.
      }
    }
  }

  /** Moves a breakpoint to the line at which V8 will stop. */
  resolved({ breakpointId, location }: Resolved): void {
    const places = this.sources.ofScript(location.scriptId);
    const asked = places && this.set.get(places.url)?.get(breakpointId);
    const typed = places?.typed(location.lineNumber, location.columnNumber ?? 0, true);
    if (asked !== undefined && typed !== undefined) asked.line = typed.line;
  }

  /** Forgets all; those in V8 end with its debugger. */
  clear(): void {
    this.asked.clear();
    this.set.clear();
  }
}

function nearest(line: number, breakable: readonly number[]): number {
  return breakable.find((one) => one >= line) ?? line;
}

/** A condition that can't be read stops always: the person sees it. */
function compiledOr(condition: string): string {
  try {
    return compiledExpression(condition, new Map());
  } catch {
    return "true";
  }
}
