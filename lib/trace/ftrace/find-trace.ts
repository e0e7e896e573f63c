/** Tells traces of real machines from this project's own recordings, and finds the texts in a folder. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../base/errors";
import { isFolder, isRegular } from "../../base/open-regular";
import { outsideLines } from "../../base/outside-file";
import { findInput } from "../input";

/** Lines read to find out what a text is. */
const LINES_LOOKED_AT = 2000;
/** What begins or marks a text of ftrace, trace-cmd or perf; a recording of this project has short records of its own. */
const MARK =
  /^# tracer:|^cpus=\d|^version = \d|(?:^|[\s:*>])(?:mm_[a-z_]{2,60}|cma_(?:alloc|release)[a-z_]{0,30}): |^PERFILE2|^.{2}Dtracing/;
const TRACE_NAME = /^(?:trace|ftrace|perf|report|log|cpu\d{1,5})[\w.-]{0,60}$/;

/** What lies beside a trace: the texts of /proc before and after it. */
export interface TraceFiles {
  texts: string[];
  before: string[];
  after: string[];
  /** The text of /proc/version. */
  version: string | undefined;
}

const PROC = ["buddyinfo", "pagetypeinfo", "zoneinfo"];

/** The texts of a trace that `paths` name, or undefined if they name a recording of this project. */
export async function findTraceFiles(paths: readonly string[]): Promise<TraceFiles | undefined> {
  const [first] = paths;
  if (first === undefined || !existsSync(first)) return undefined;
  if (!isFolder(first)) return { texts: [...paths], before: [], after: [], version: undefined };
  if (paths.length > 1)
    throw new InputError(`replay: one folder, or the files of one trace: got ${paths.length} paths`);
  if (findInput(first, "S0.txt") !== undefined) return undefined;
  const texts: string[] = [];
  for (const name of readdirSync(first).sort()) {
    const path = join(first, name);
    if (TRACE_NAME.test(name) && isRegular(path) && (await isTraceText(path))) texts.push(path);
  }
  if (texts.length === 0) return undefined;
  const beside = (suffix: string) =>
    PROC.flatMap((name) => {
      const path = findInput(first, `${name}.${suffix}`);
      return path === undefined ? [] : [path];
    });
  return { texts, before: beside("s0"), after: beside("s1"), version: findInput(first, "version") };
}

async function isTraceText(path: string): Promise<boolean> {
  for await (const [line, number] of outsideLines(path)) {
    if (MARK.test(line.slice(0, 1000))) return true;
    if (number >= LINES_LOOKED_AT) return false;
  }
  return false;
}
