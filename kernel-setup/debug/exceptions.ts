/**
 * Whether an exception is one that the person wants to see. V8 knows only if anything at all will catch it, and the
 * kernel catches what a cell throws; so the functions on the stack are looked at here.
 */
import type { Debugger } from "node:inspector";
import type ts from "typescript";
import type { Paused } from "./frames";
import type { Inspected } from "./inspected";
import { isOfKernel, type Sources } from "./sources";
import { typescript } from "./typescript";

/** The filters that a front end can choose. */
export const EXCEPTION_FILTERS = [
  { filter: "uncaught", label: "Uncaught exceptions", default: false },
  { filter: "all", label: "All exceptions", default: false },
] as const;

interface Site {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
}

/** Where an exception goes, from where it is thrown; what waits for an async function gets it too. */
function sitesOf({ callFrames, asyncStackTrace }: Paused): Site[] {
  const sites = callFrames.map(({ location }) => ({
    scriptId: location.scriptId,
    line: location.lineNumber,
    column: location.columnNumber ?? 0,
  }));
  for (let one = asyncStackTrace; one?.description === "await"; one = one.parent)
    for (const { scriptId, lineNumber: line, columnNumber: column } of one.callFrames.slice(0, 1))
      sites.push({ scriptId, line, column });
  return sites;
}

export class Exceptions {
  private readonly parsed = new Map<string, ts.SourceFile>();

  constructor(
    private readonly inspected: Inspected,
    private readonly sources: Sources,
  ) {}

  /** True if a stop is wanted: it was thrown in, or comes to, code of the user; with `uncaughtOnly` nobody catches it. */
  async isWanted(paused: Paused, uncaughtOnly: boolean): Promise<boolean> {
    let isOfUser = false;
    const isUncaught = (paused.data as { uncaught?: boolean } | undefined)?.uncaught === true;
    for (const site of sitesOf(paused)) {
      if (isOfKernel(this.sources.urlOf(site.scriptId))) break;
      isOfUser ||= this.sources.ofScript(site.scriptId) !== undefined;
      if (isOfUser && (!uncaughtOnly || isUncaught)) return true;
      if (await this.isCaughtAt(site)) return false;
    }
    return isOfUser;
  }

  private async isCaughtAt({ scriptId, line, column }: Site): Promise<boolean> {
    const t = typescript();
    const file = await this.fileOf(scriptId);
    const lines = file.getLineStarts();
    if (line >= lines.length) return false;
    const at = lines[line]! + column;
    const holds = (node: ts.Node) => node.getFullStart() <= at && at < node.getEnd();
    let caught = false;
    const visit = (node: ts.Node): void => {
      if (t.isFunctionLike(node)) caught = false;
      if (t.isTryStatement(node) && node.catchClause !== undefined && holds(node.tryBlock)) caught = true;
      t.forEachChild(node, (child) => {
        if (holds(child)) visit(child);
      });
    };
    visit(file);
    return caught;
  }

  private async fileOf(scriptId: string): Promise<ts.SourceFile> {
    const known = this.parsed.get(scriptId);
    if (known !== undefined) return known;
    const { scriptSource } = await this.inspected.post<Debugger.GetScriptSourceReturnType>(
      "Debugger.getScriptSource",
      { scriptId },
    );
    const t = typescript();
    const file = t.createSourceFile("s.js", scriptSource, t.ScriptTarget.ESNext, false, t.ScriptKind.JS);
    this.parsed.set(scriptId, file);
    return file;
  }
}
