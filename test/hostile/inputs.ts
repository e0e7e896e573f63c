/** Hostile inputs, made by a program: what is no file, what never ends, what unpacks to much, and what is damaged. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { MiB } from "../../lib/base/units";

export const dir = mkdtempSync(join(tmpdir(), "pageblock-hostile-"));

/** Paths that are no regular file, by what they are. */
export function strangePaths(): Record<string, string> {
  const fifo = join(dir, "fifo");
  execFileSync("mkfifo", [fifo]);
  const circle = join(dir, "circle");
  symlinkSync(circle, circle);
  const toFifo = join(dir, "link-to-fifo");
  symlinkSync(fifo, toFifo);
  return {
    "a FIFO": fifo,
    "a link to a FIFO": toFifo,
    "/dev/zero": "/dev/zero",
    "/dev/full": "/dev/full",
    "a missing file": join(dir, "missing"),
    "a circle of links": circle,
    "a file below a device": "/dev/null/x",
    "a name too long": `/${"x".repeat(5000)}`,
  };
}

/** `gib` GiB of one character: members of gzip that follow one another unpack to one text. */
export function gzipBomb(gib: number, byte: string): Buffer {
  const member = gzipSync(Buffer.alloc(16 * MiB, byte), { level: 1 });
  return Buffer.concat(Array.from({ length: gib * 64 }, () => member));
}

/** A zip archive of one deflated file, whose directory tells less than it unpacks to. */
export function zipBomb(path: string): Buffer {
  const packed = deflateRawSync(Buffer.alloc(64 * MiB));
  const name = Buffer.from(path);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt32LE(100, 22);
  head.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt32LE(100, 24);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length + name.length, 12);
  end.writeUInt32LE(head.length + name.length + packed.length, 16);
  return Buffer.concat([head, name, packed, entry, name, end]);
}

/** Contents that no reader expects, by what they are. */
export function strangeContents(): Record<string, string | Uint8Array> {
  return {
    nothing: "",
    "zero bytes": new Uint8Array(4096),
    "all bytes": Uint8Array.from({ length: 65_536 }, (_, i) => (i * 167) & 255),
    "a line of 2 MB": "x".repeat(2_000_000),
    "a number of 100,000 digits": `${"9".repeat(100_000)}\n`,
    "brackets a million deep": "[".repeat(1_000_000),
    "lists 500,000 deep in a line": `${"- ".repeat(500_000)}1`,
    "objects 50,000 deep": '{"a":'.repeat(50_000),
    "20,000 unknown keys": JSON.stringify(
      Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key${i}`, i])),
    ),
    "a key of 1 MB": JSON.stringify({ ["k".repeat(1_000_000)]: 1 }),
    "prototype keys": '{"__proto__":{"a":1},"constructor":{"prototype":{}}}',
    "control characters": "\x1b[2J\x1b]0;title\x07\r\n\u202e\u0000 =%n%s%E0\n".repeat(50),
    "a cut gzip": gzipSync("text ".repeat(10_000)).subarray(0, 60),
    "a gzip that unpacks to 1 GiB of zeros": gzipBomb(1, "\0"),
    "a gzip that unpacks to 1 GiB of spaces": gzipBomb(1, " "),
    "a zip that lies": zipBomb("proc/buddyinfo"),
    "a JSON number too large": '{"machine":{"board":"qemu-virt","memory":1e308},"cpus":1e999}',
  };
}

/** Writes contents once; the path. */
export function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}
