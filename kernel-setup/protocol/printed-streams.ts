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

/** Routes `process.stdout`, `process.stderr` and `fs.writeSync` on their descriptors to `print`. */
export function capturePrinted(print: Print): void {
  captureStream("stdout", print);
  captureStream("stderr", print);
  const writeSync = fs.writeSync as (descriptor: number, data: Written, ...rest: unknown[]) => number;
  const write = (descriptor: number, data: Written, ...rest: unknown[]): number => {
    const name = DESCRIPTORS[descriptor];
    if (name === undefined || currentCell() === undefined) return writeSync(descriptor, data, ...rest);
    const [from, length] = rest.filter((one) => typeof one === "number");
    const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
    const written =
      typeof data === "string"
        ? bytes
        : bytes.subarray(from ?? 0, length === undefined ? undefined : (from ?? 0) + length);
    process[name].write(written);
    return written.length;
  };
  Object.assign(fs, { writeSync: write });
  syncBuiltinESMExports();
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
