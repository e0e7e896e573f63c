/** Reads recordings: files that are plain, `.gz` or `.br`, whole or as a stream of chunks. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from "node:zlib";
import { errorOf, InputError } from "../base/errors";

const ENDINGS = ["", ".gz", ".br"];
const CHUNK_BYTES = 1 << 20;

/** The path of `name` in `dir`, with any of the extensions, or undefined. */
export function findInput(dir: string, name: string): string | undefined {
  for (const ending of ENDINGS) {
    const path = join(dir, name + ending);
    if (existsSync(path)) return path;
  }
  return undefined;
}

/** Like findInput, but a missing file is an error that names the folder. */
export function needInput(dir: string, name: string): string {
  if (!existsSync(dir)) throw new InputError(`${dir}: no such folder`);
  if (!statSync(dir).isDirectory()) throw new InputError(`${dir}: is not a folder with a recording in it`);
  const path = findInput(dir, name);
  if (path === undefined) {
    const holds = readdirSync(dir).slice(0, 8).join(", ") || "nothing";
    throw new InputError(`${dir}: holds no ${name} (plain, .gz or .br): it holds ${holds}`);
  }
  return path;
}

function unpackError(path: string, error: unknown): InputError {
  const reason = error instanceof Error ? error.message : String(error);
  const cut = /unexpected end/i.test(reason) ? "the compressed file is cut short" : "cannot be unpacked";
  return new InputError(`${path}: ${cut} (${reason})`);
}

/** The bytes of a file, unpacked. */
export function readInput(path: string): Buffer {
  let raw: Buffer;
  try {
    raw = readFileSync(path);
  } catch (error) {
    throw new InputError(`${path}: cannot be read (${errorOf(error).message})`);
  }
  try {
    if (path.endsWith(".gz")) return gunzipSync(raw);
    if (path.endsWith(".br")) return brotliDecompressSync(raw);
  } catch (error) {
    throw unpackError(path, error);
  }
  return raw;
}

/** The bytes of a file in chunks, unpacked; never holds the whole file in memory. */
export async function* streamInput(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  let stream: Readable = file;
  if (path.endsWith(".gz")) stream = file.pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
  else if (path.endsWith(".br")) stream = file.pipe(createBrotliDecompress({ chunkSize: CHUNK_BYTES }));
  if (stream !== file) file.on("error", (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw unpackError(path, error);
  } finally {
    file.destroy();
  }
}

/** `/a/b/w1-files/` → `w1-files`. */
export function datasetName(dir: string): string {
  return basename(dir.replace(/[/\\]+$/, "")) || dir;
}
