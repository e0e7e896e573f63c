/**
 * Packed bytes, unpacked in memory within a limit: gzip and brotli, and zstd where Node.js has it (22.15 and later). What
 * cannot be unpacked is refused with the command that does it.
 */
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { errorOf, InputError } from "./errors";
import { formatSize } from "./units";

/** How bytes are packed. */
export type Packing = "gzip" | "brotli" | "zstd" | "none";

/** Of the default size there are so many pieces that they take several times the memory. */
export const CHUNK_BYTES = 2 ** 20;

/** As many bytes tell a packing by what it begins with. */
export const MAGIC_BYTES = 6;

/** What only Node.js 22.15 and later have, of which the types of Node.js 20 know nothing. */
interface Zstd {
  zstdDecompressSync?: (bytes: Uint8Array, options: zlib.ZlibOptions) => Buffer;
  createZstdDecompress?: (options: zlib.ZlibOptions) => Transform;
}
const zstd: Zstd = zlib as Zstd;

/** Packings that are told by a name or by the first bytes, and the command that unpacks them. */
const REFUSED: readonly { name: string; ending: RegExp; magic: readonly number[]; command: string }[] = [
  { name: "xz", ending: /\.t?xz$/i, magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], command: "xz -d" },
  { name: "bzip2", ending: /\.t?bz2$/i, magic: [0x42, 0x5a, 0x68], command: "bunzip2" },
  { name: "lz4", ending: /\.lz4$/i, magic: [0x04, 0x22, 0x4d, 0x18], command: "lz4 -d" },
  { name: "lzop", ending: /\.lzo$/i, magic: [0x89, 0x4c, 0x5a, 0x4f], command: "lzop -d" },
  { name: "zip", ending: /\.zip$/i, magic: [0x50, 0x4b, 3, 4], command: "unzip" },
  { name: "7z", ending: /\.7z$/i, magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27], command: "7z x" },
];

const beginsWith = (bytes: Uint8Array, magic: readonly number[]) =>
  bytes.length >= magic.length && magic.every((byte, i) => bytes[i] === byte);

/** How a file is packed, by its name or its first bytes. Throws InputError for a packing that cannot be read. */
export function packingOf(path: string, first: Uint8Array): Packing {
  if (path.endsWith(".br")) return "brotli";
  if (/\.t?gz$/.test(path) || beginsWith(first, [0x1f, 0x8b])) return "gzip";
  if (/\.t?zst$/i.test(path) || beginsWith(first, [0x28, 0xb5, 0x2f, 0xfd])) {
    if (zstd.zstdDecompressSync !== undefined) return "zstd";
    throw new InputError(
      `${path}: zstd is read with Node.js 22.15 or later, this is ${process.versions.node}: unpack it first with zstd -d`,
    );
  }
  const refused = REFUSED.find(({ ending, magic }) => ending.test(path) || beginsWith(first, magic));
  if (refused !== undefined)
    throw new InputError(
      `${path}: is packed with ${refused.name}, which is not read: unpack it first with ${refused.command}`,
    );
  return "none";
}

/** Bytes as they are unpacked. Throws InputError with the path for more than `most` bytes, and for bytes that are damaged. */
export function unpackBytes(path: string, raw: Buffer, most: number): Buffer {
  const packing = packingOf(path, raw);
  if (packing === "none") return raw;
  try {
    return unpackSync(packing, raw, { maxOutputLength: most, chunkSize: CHUNK_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw tooMuchUnpacked(path, raw.length, most);
    throw unpackError(path, error);
  }
}

function unpackSync(packing: Exclude<Packing, "none">, raw: Buffer, options: zlib.ZlibOptions): Buffer {
  if (packing === "gzip") return zlib.gunzipSync(raw, options);
  return packing === "brotli"
    ? zlib.brotliDecompressSync(raw, options)
    : zstd.zstdDecompressSync!(raw, options);
}

/** A stream that unpacks; null if nothing is packed. */
export function unpackingStream(packing: Packing, chunkSize: number): Transform | null {
  if (packing === "none") return null;
  if (packing === "gzip") return zlib.createGunzip({ chunkSize });
  return packing === "brotli"
    ? zlib.createBrotliDecompress({ chunkSize })
    : zstd.createZstdDecompress!({ chunkSize });
}

/** The error of damaged bytes. */
export function unpackError(path: string, error: unknown): InputError {
  const reason = errorOf(error).message;
  const cut = /unexpected end/i.test(reason) ? "the compressed file is cut short" : "cannot be unpacked";
  return new InputError(`${path}: ${cut} (${reason})`);
}

/** The error of a file that unpacks to more than the limit. */
export function tooMuchUnpacked(path: string, packed: number, limit: number): InputError {
  return new InputError(
    `${path}: a file may unpack to at most ${formatSize(limit)}: got more out of ${formatSize(packed)}`,
  );
}
