/** What code prints goes to the cell that it belongs to; before the first cell, to the terminal. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { StringDecoder } from "node:string_decoder";
import { currentCell } from "./cell-context";
import type { StreamName } from "./outbox";

type Print = (cell: number, name: StreamName, text: string) => void;
type Written = string | Uint8Array;
type Write = (data: Written, ...rest: unknown[]) => boolean;

const DESCRIPTORS: Readonly<Record<number, StreamName>> = { 1: "stdout", 2: "stderr" };

/** Routes `process.stdout`, `process.stderr` and what `fs` writes to their descriptors to `print`. */
export function capturePrinted(print: Print): void {
  captureStream("stdout", print);
  captureStream("stderr", print);
  for (const name of ["write", "writev", "writeFile", "appendFile"] as const) {
    captureFunction(name, false);
    captureFunction(`${name}Sync`, true);
  }
  syncBuiltinESMExports();
}

type WritingName = "write" | "writev" | "writeFile" | "appendFile";

/** Lets a function of `fs` print what it would write to descriptor 1 or 2. Streams on a descriptor use these functions too. */
function captureFunction(name: WritingName | `${WritingName}Sync`, isSync: boolean): void {
  const original = fs[name] as (...args: unknown[]) => unknown;
  const captured = (...args: unknown[]): unknown => {
    const [descriptor, data, ...rest] = args;
    const stream = DESCRIPTORS[descriptor as number];
    const bytes = stream === undefined ? undefined : bytesOf(data, rest);
    const done = rest.at(-1);
    if (bytes === undefined || currentCell() === undefined || (!isSync && typeof done !== "function"))
      return original(...args);
    process[stream!].write(bytes);
    const counts = name.startsWith("write") && !name.startsWith("writeFile");
    if (isSync) return counts ? bytes.length : undefined;
    setImmediate(() => (counts ? (done as Done)(null, bytes.length, data) : (done as Done)(null)));
    return undefined;
  };
  // With what `util.promisify` looks for.
  Object.defineProperties(captured, Object.getOwnPropertyDescriptors(original));
  Object.assign(fs, { [name]: captured });
}

/** The callback of such a function. */
type Done = (error: null, bytes?: number, data?: unknown) => void;

/** The bytes that a call would write; undefined if its arguments are wrong, which Node then says. */
function bytesOf(data: unknown, rest: readonly unknown[]): Buffer | undefined {
  const options = rest.find((one) => typeof one === "object" && one !== null) as Options | undefined;
  if (typeof data === "string") {
    const encoding = rest.find((one) => typeof one === "string") ?? options?.encoding ?? "utf8";
    return Buffer.isEncoding(encoding as string) ? Buffer.from(data, encoding as BufferEncoding) : undefined;
  }
  if (Array.isArray(data)) {
    const parts = data.map((one) => bytesOf(one, []));
    return parts.includes(undefined) ? undefined : Buffer.concat(parts as Buffer[]);
  }
  if (!ArrayBuffer.isView(data)) return undefined;
  const all = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const from = typeof rest[0] === "number" ? rest[0] : (options?.offset ?? 0);
  const length = typeof rest[1] === "number" ? rest[1] : (options?.length ?? all.length - from);
  if (!(from >= 0 && length >= 0 && from + length <= all.length)) return undefined;
  return all.subarray(from, from + length);
}

interface Options {
  readonly encoding?: string;
  readonly offset?: number;
  readonly length?: number;
}

function captureStream(name: StreamName, print: Print): void {
  const stream = process[name];
  const original = stream.write.bind(stream) as Write;
  // Bytes that are printed may end within a character.
  const decoder = new StringDecoder("utf8");
  const write: Write = (data, ...rest) => {
    const context = currentCell();
    if (context === undefined) return original(data, ...rest);
    const [encoding] = rest;
    const encoded = typeof data === "string" && typeof encoding === "string" && !/^utf-?8$/i.test(encoding);
    const text =
      typeof data === "string" && !encoded
        ? data
        : decoder.write(
            encoded ? Buffer.from(data, encoding as BufferEncoding) : Buffer.from(data as Uint8Array),
          );
    if (text !== "") print(context.cell, name, text);
    const done = rest.find((one) => typeof one === "function") as (() => void) | undefined;
    if (done !== undefined) process.nextTick(done);
    return true;
  };
  stream.write = write as typeof stream.write;
}
