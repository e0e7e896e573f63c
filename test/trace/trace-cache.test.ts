/** A cache beside a recording: the same result, and never one that is not of this very recording. */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { replay } from "../../lib/trace/replay";
import { checksum, recordingHash, traceCachePath } from "../../lib/trace/trace-cache";
import { FIXTURES, pageblock } from "../support/cli";

type Cleanup = { after(fn: () => void): void };

function copyOf(t: Cleanup, recording: string): string {
  const dir = join(mkdtempSync(join(tmpdir(), "pageblock-")), "rec");
  t.after(() => rmSync(join(dir, ".."), { recursive: true }));
  cpSync(join(FIXTURES, recording), dir, { recursive: true });
  return dir;
}

async function cached(dir: string, options = {}) {
  const notes: string[] = [];
  const { result } = await replay(dir, { cache: true, note: (text) => notes.push(text), ...options });
  return { result, notes };
}

// Events with texts and CMA, reclaim with drains asked for late, batches of 7.3 …
for (const recording of ["x86-6.1/w1-files", "x86-6.1/w6-compact", "x86-6.12.107/w4-thp", "x86-7.3.4/w4-thp"])
  test(`${recording}: written, then read, the cache changes no result`, async (t) => {
    const dir = copyOf(t, recording);
    const plain = (await replay(dir)).result;
    assert.deepEqual(await cached(dir), { result: plain, notes: [] });
    const bytes = readFileSync(traceCachePath(dir));
    assert.deepEqual(await cached(dir), { result: plain, notes: [] });
    assert.deepEqual(readFileSync(traceCachePath(dir)), bytes);
    assert.equal(readdirSync(dir).filter((name) => name.endsWith(".part")).length, 0);
  });

test("the cache is what is read: a record changed in it, with all sums right, shows", async (t) => {
  const dir = copyOf(t, "x86-6.1/boot-8G");
  const { result } = await cached(dir);
  assert.equal(result.mismatches, 0);
  // Behind the two numbers of the mark S: the frame of the first allocation, of order 1.
  reseal(dir, (contents) => contents.writeInt32LE(contents.readInt32LE(8) + 2, 8));
  const { firstMismatch } = (await cached(dir)).result;
  assert.equal(firstMismatch!.expected, firstMismatch!.predicted + 2);
  assert.equal(firstMismatch!.line, 4);
});

/** Changes the contents of a cache and makes its checksum right again. */
function reseal(dir: string, change: (contents: Buffer) => void, header: Record<string, unknown> = {}): void {
  const path = traceCachePath(dir);
  const file = readFileSync(path);
  const length = file.readUInt32LE(16);
  const start = Math.ceil((20 + length) / 8) * 8;
  const contents = Buffer.from(new Uint8Array(file.subarray(start)).buffer);
  change(contents);
  const json = JSON.stringify({
    ...JSON.parse(file.toString("utf8", 20, 20 + length)),
    contents: checksum(contents),
    ...header,
  });
  const head = Buffer.alloc(Math.ceil((20 + json.length) / 8) * 8);
  file.copy(head, 0, 0, 16);
  head.writeUInt32LE(json.length, 16);
  head.write(json, 20);
  writeFileSync(path, Buffer.concat([head, contents]));
}

test("bytes flipped anywhere, and cuts anywhere: not used, a note says so, the same result", async (t) => {
  const dir = copyOf(t, "x86-6.1/boot-8G");
  const { result } = await cached(dir);
  const good = readFileSync(traceCachePath(dir));
  for (let i = 0; i < 40; i++) {
    const at = Math.floor((i * good.length) / 40);
    const flipped = Buffer.from(good);
    flipped[at]! ^= 0x41;
    for (const bad of [flipped, good.subarray(0, at)]) {
      writeFileSync(traceCachePath(dir), bad);
      const again = await cached(dir);
      assert.deepEqual(again.result, result, `byte ${at}`);
      // A flipped byte may be padding of the header, which nothing reads.
      if (!readFileSync(traceCachePath(dir)).equals(bad))
        assert.match(again.notes.join(), /not used, and written anew/);
      writeFileSync(traceCachePath(dir), good);
    }
  }
});

test("a hostile cache with right sums is not believed: sizes, kinds, counts, texts", async (t) => {
  const dir = copyOf(t, "x86-6.1/boot-8G");
  const { result } = await cached(dir);
  const good = readFileSync(traceCachePath(dir));
  const header = JSON.parse(good.toString("utf8", 20, 20 + good.readUInt32LE(16)));
  const attempts: [string, (contents: Buffer) => void, Record<string, unknown>][] = [
    ["more records than bytes", () => {}, { records: 2 ** 31 }],
    ["a negative size", () => {}, { values: -1 }],
    ["a size that is no number", () => {}, { records: "many" }],
    ["wide numbers that are not there", () => {}, { wide: 2 ** 20 }],
    ["an odd count of wide numbers", () => {}, { wide: 1 }],
    ["another version", () => {}, { version: 99 }],
    ["the other byte order", () => {}, { byteOrder: "XE" }],
    ["no kinds", () => {}, { holds: null }],
    ["all bytes 0xff", (contents) => contents.fill(0xff), {}],
    ["all bytes zero", (contents) => contents.fill(0), {}],
  ];
  assert.ok(header.records > 100);
  for (const [what, change, fields] of attempts) {
    writeFileSync(traceCachePath(dir), good);
    reseal(dir, change, fields);
    const { result: again, notes } = await cached(dir);
    assert.deepEqual(again, result, what);
    assert.equal(notes.length, 1, what);
    assert.deepEqual(readFileSync(traceCachePath(dir)), good, `${what}: written anew`);
  }
});

test("a stale cache is written anew: any file of the recording counts", async (t) => {
  const dir = copyOf(t, "x86-6.1/boot-8G");
  await cached(dir);
  const before = recordingHash(dir);
  const trace = join(dir, "trace.txt");
  writeFileSync(
    trace,
    readFileSync(trace, "latin1").replace(/^A (\d+) 0 1 /m, (_, pfn) => `A ${Number(pfn) - 7} 0 1 `),
  );
  assert.notEqual(recordingHash(dir), before);
  const { result, notes } = await cached(dir);
  assert.equal(result.mismatches > 0, true);
  assert.match(notes.join(), /the files of the recording have changed since/);
  assert.deepEqual((await cached(dir)).result, result);
});

test("bad input is refused as without a cache, and leaves none behind", async (t) => {
  const dir = copyOf(t, "x86-6.1/boot-8G");
  const trace = join(dir, "trace.txt");
  const text = readFileSync(trace, "latin1");
  for (const bad of [text.slice(0, -20), `${text}A zebra\n`, text.replace(/^S 1.*\n/m, "")]) {
    writeFileSync(trace, bad);
    const message = await replay(dir).then(
      () => "",
      (error: Error) => error.message,
    );
    assert.notEqual(message, "");
    await assert.rejects(cached(dir), { message });
    assert.equal(existsSync(traceCachePath(dir)), false);
  }
});

test("replay --cache: a place that can't be written to is a note, not a failure; --give-up reads the text", (t) => {
  const dir = copyOf(t, "x86-6.1/boot-8G");
  const given = pageblock(["replay", dir, "--cache", "--give-up", "5", "--json"]);
  assert.equal(given.status, 0, given.stderr);
  assert.equal(existsSync(traceCachePath(dir)), false);
  mkdirSync(traceCachePath(dir));
  const run = pageblock(["replay", dir, "--cache", "--json"]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(
    run.stderr,
    /^note: .*trace\.pageblock-cache: not used, and written anew: it cannot be used \(.*is a folder, a regular file was expected\)\nnote: .*cannot be written/,
  );
  assert.equal(JSON.parse(run.stdout).exact, 100);
});
