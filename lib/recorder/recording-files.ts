/** Makes the files of a recording out of a ring, and says whether the recording is complete. */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { InputError } from "../base/errors";
import { isFolder } from "../base/open-regular";
import { writeAtomically, writeError } from "../base/write-atomically";
import { type Completeness, checkCompleteness, isComplete } from "./completeness";
import { type Conversion, Converter } from "./converter";
import { openRing, readRing } from "./ring-reader";

/** What became of a ring. */
export interface Made {
  /** Names of files and their content. */
  files: Map<string, Buffer>;
  found: Conversion;
  completeness: Completeness;
  /** Times that a probe of the module could not run. */
  missed: number;
}

/** Files that are large enough to be packed. */
const PACKED = ["S0.txt", "S1.txt", "trace.txt"];

/** Converts the ring in `bytes`. Throws InputError if records were lost or a snapshot is missing. */
export function convertRing(bytes: Buffer, file: string): Made {
  const ring = openRing(bytes, file);
  if (ring.lost > 0)
    throw new InputError(
      `${file}: ${ring.lost} records did not fit: make the ring larger, or the workload shorter`,
    );
  const converter = new Converter();
  const files = new Map<string, Buffer>();
  readRing(
    ring,
    (r) => converter.record(r),
    (name, content) => {
      files.set(name, content);
      if (name === "S0.txt") converter.snapshot(content.toString("latin1", 0, 500));
    },
  );
  const text = (name: string) => {
    const content = files.get(name);
    if (content === undefined) throw new InputError(`${file}: holds no ${name}: the recording did not end`);
    return content.toString("latin1");
  };
  const trace = [...converter.lines.pieces()];
  const completeness = checkCompleteness(text("S0.txt"), trace, text("S1.txt"));
  files.set("trace.txt", Buffer.from(trace.join(""), "latin1"));
  return { files, found: converter.found, completeness, missed: ring.missed };
}

/** Other forms of a file that is written packed: a replay could not know which is meant. */
const OTHER_FORMS = PACKED.flatMap((name) => [name, `${name}.br`]);

/** Throws InputError unless a recording can be written into the folder `dir`: asked before hours of recording. */
export function checkRecordingFolder(dir: string): void {
  let there = resolve(dir);
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  if (!isFolder(there))
    throw new InputError(`--out: ${there}: is not a folder: a recording is a folder of files`);
  try {
    accessSync(there, constants.W_OK);
  } catch (error) {
    throw writeError(dir, error);
  }
  const hidden = OTHER_FORMS.find((name) => existsSync(join(dir, name)));
  if (hidden !== undefined)
    throw new InputError(
      `--out: ${dir}: holds ${hidden}, beside which ${hidden.replace(".br", "")}.gz would be written: name another folder, or remove it`,
    );
}

/** Writes the files of a recording into the folder `dir`, the large ones packed. */
export function writeRecording({ files }: Made, dir: string): void {
  checkRecordingFolder(dir);
  for (const [name, content] of files)
    if (PACKED.includes(name)) writeAtomically(join(dir, `${name}.gz`), gzipSync(content));
    else writeAtomically(join(dir, name), content);
}

/** What a recording holds, in lines for people. */
export function describeRecording({ completeness: c, found, missed }: Made): string {
  const n = (value: number) => value.toLocaleString("en");
  const lines = [
    `${n(c.events)} events on ${found.cpus} CPU${found.cpus === 1 ? "" : "s"}: ${n(c.allocations)} allocations (${n(c.failed)} failed), ${n(c.frees)} frees`,
    `refused locks of per-CPU lists: ${n(found.refusedLocks)}; requests that another CPU came between: ${n(found.oldReads)}, of them bulk requests with more than one place: ${n(found.handovers)}`,
  ];
  if (missed > 0) lines.push(`probes that could not run: ${n(missed)}`);
  lines.push(
    isComplete(c)
      ? "complete: the first snapshot and the events give every frame and page block of the last snapshot"
      : `NOT complete: ${n(c.framesWrong)} frames and ${n(c.blocksWrong)} page blocks are not as in the last snapshot`,
  );
  for (const gap of c.gaps)
    lines.push(`  ${gap.line === 0 ? "at the end" : `line ${gap.line}`}: frame ${gap.pfn} ${gap.what}`);
  return lines.join("\n");
}
