/** Files that somebody hands in: what is no regular file, never ends or unpacks to much gives one line, at once. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { brotliCompressSync, constants, createBrotliCompress, gzipSync } from "node:zlib";
import { InputError } from "../../lib/base/errors";
import { outsideLines, readOutside, readOutsideText, streamOutside } from "../../lib/base/outside-file";
import { GiB, MiB } from "../../lib/base/units";

const dir = mkdtempSync(join(tmpdir(), "pageblock-outside-"));
after(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

async function collect(path: string, bytes?: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of streamOutside(path, bytes === undefined ? {} : { bytes })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function lines(path: string, lineBytes?: number): Promise<string[]> {
  const found: string[] = [];
  for await (const [line, number] of outsideLines(path, lineBytes === undefined ? {} : { lineBytes })) {
    found.push(line);
    assert.equal(number, found.length);
  }
  return found;
}

/** Both ways to read refuse `path` with a message that begins with the path. */
async function refused(path: string, message: RegExp, bytes?: number): Promise<void> {
  const limits = bytes === undefined ? {} : { bytes };
  const expected = (error: unknown) => {
    assert.ok(error instanceof InputError, `${error}`);
    assert.ok(error.message.startsWith(`${path}: `), error.message);
    assert.doesNotMatch(error.message, /\n/);
    assert.match(error.message, message);
    return true;
  };
  assert.throws(() => readOutside(path, limits), expected);
  await assert.rejects(collect(path, bytes), expected);
}

test("what is no regular file is refused at once, by its kind", async () => {
  const fifo = join(dir, "fifo");
  execFileSync("mkfifo", [fifo]);
  await refused(fifo, /is a named pipe \(FIFO\), a regular file was expected/);
  await refused("/dev/zero", /is a character device/);
  await refused(dir, /is a folder, a regular file was expected/);
  await refused(join(dir, "missing"), /cannot be read: no such file$/);
  await refused(join(file("plain", "x"), "below"), /a part of its path is no folder/);
  const circle = join(dir, "circle");
  symlinkSync(circle, circle);
  await refused(circle, /symbolic links lead in a circle/);
  const socket = join(dir, "socket");
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
  await refused(socket, /is a socket or a device/);
  server.close();
});

test("a file is read as it is, of /proc too, and unpacked by its ending or its first bytes", async () => {
  const text = "Node 0, zone DMA 1 2\nµ\n";
  const gz = gzipSync(text);
  for (const path of [
    file("a.txt", text),
    file("a.gz", gz),
    file("a.tgz", gz),
    file("packed-without-ending", gz),
    file("a.br", brotliCompressSync(text)),
    file("two-members.gz", Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))])),
  ]) {
    assert.equal(readOutsideText(path), text, path);
    assert.equal((await collect(path)).toString(), text, path);
  }
  assert.equal(readOutside(file("empty", "")).length, 0);
  assert.match(readOutsideText("/proc/version"), /^Linux version /);
});

test("a packed file that is cut or none says so", async () => {
  const gz = gzipSync("a text of some length, so that there is something to cut");
  await refused(file("cut.gz", gz.subarray(0, 20)), /the compressed file is cut short/);
  await refused(file("no.gz", "plain text"), /cannot be unpacked \(incorrect header check\)/);
  await refused(file("no.br", Buffer.alloc(9, 0xff)), /cannot be unpacked/);
});

test("a size over the limit is refused with both, whether the file says its size or not", async () => {
  const path = file("large", Buffer.alloc(3 * MiB));
  await refused(path, /a file of at most 2 MiB can be read: got 3 MiB/, 2 * MiB);
  assert.equal(readOutside(path, { bytes: 3 * MiB }).length, 3 * MiB);
  await refused("/proc/version", /a file of at most 5 B can be read: got /, 5);
});

/** A brotli file of `gib` GiB of zeros: flushed pieces of equal content are equal bytes, so one is repeated. */
async function brotliBomb(gib: number): Promise<Buffer> {
  const piece = Buffer.alloc(16 * MiB);
  const stream = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  const pieces: Buffer[] = [];
  stream.on("data", (data: Buffer) => pieces.push(data));
  const flushed = async () => {
    const from = pieces.length;
    await new Promise<void>((resolve) => stream.write(piece, () => resolve()));
    await new Promise<void>((resolve) => stream.flush(() => resolve()));
    return Buffer.concat(pieces.slice(from));
  };
  const [first, second, third] = [await flushed(), await flushed(), await flushed()];
  assert.deepEqual(second, third);
  const before = pieces.length;
  await new Promise<void>((resolve) => stream.end(() => resolve()));
  const repeated = Array.from({ length: gib * 64 - 1 }, () => second);
  return Buffer.concat([first, ...repeated, ...pieces.slice(before)]);
}

test("ten GiB out of some KiB are refused before they fill the memory", async () => {
  const bomb = file("bomb.br", await brotliBomb(10));
  assert.ok(readOutsideSize(bomb) < 64 * 1024);
  const before = process.resourceUsage().maxRSS;
  await refused(bomb, /may unpack to at most 64 MiB: got more out of [\d.]+ KiB/, 64 * MiB);
  const grown = (process.resourceUsage().maxRSS - before) * 1024;
  assert.ok(grown < GiB / 4, `${grown} bytes`);
  assert.throws(() => readOutside(bomb), /may unpack to at most 256 MiB/);
});

function readOutsideSize(path: string): number {
  return Number(execFileSync("stat", ["-c", "%s", path]).toString());
}

test("lines come with their numbers, over the borders of chunks, and a line without end is refused", async () => {
  assert.deepEqual(await lines(file("lines", "one\r\n\ntwo\nthree")), ["one", "", "two", "three"]);
  assert.deepEqual(await lines(file("none", "")), []);
  const many = Array.from({ length: 300_000 }, (_, i) => `line ${i} µ`);
  assert.deepEqual(await lines(file("many.gz", gzipSync(`${many.join("\n")}\n`))), many);
  const endless = file("endless", Buffer.concat([Buffer.from("first\n"), Buffer.alloc(3 * MiB, "x")]));
  await assert.rejects(lines(endless), /endless:2: a line may have at most 1 MiB: got more/);
  await assert.rejects(lines(endless, 4), /endless:1: a line may have at most 4 B/);
});

test("UTF-16 with its mark is read as text, whole and in lines; a .zip is refused in words", async () => {
  const text = "Mem-Info:\r\nzone Normal \u00e9\n";
  const little = Buffer.from(`\ufeff${text}`, "utf16le");
  const big = Buffer.from(little).swap16();
  for (const [name, bytes] of [
    ["le.txt", little],
    ["be.txt", big],
    ["le.txt.gz", gzipSync(little)],
  ] as const) {
    const path = file(name, bytes);
    assert.equal(readOutsideText(path), text, name);
    assert.deepEqual(await lines(path), ["Mem-Info:", "zone Normal \u00e9"], name);
  }
  const zip = file("report", Buffer.from("504b030414000000", "hex"));
  assert.throws(
    () => readOutside(zip),
    /report: is packed with zip, which is not read: unpack it first with unzip/,
  );
});
