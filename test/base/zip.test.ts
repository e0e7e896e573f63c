/** Zip archives as Python's zipfile writes them, and damaged ones. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { filesOf } from "../../lib/base/archive";
import { InputError } from "../../lib/base/errors";
import { isZip, unzipEntry, zipEntries } from "../../lib/base/zip";

const MOST = 2 ** 20;

/** An archive by Python, whose lines add files to `z`. */
function zipOf(...lines: string[]): Buffer {
  const program = ["import io, sys, zipfile", "b = io.BytesIO()", "z = zipfile.ZipFile(b, 'w')", ...lines];
  const script = [...program, "z.close()", "sys.stdout.buffer.write(b.getvalue())"].join("\n");
  return execFileSync("python3", ["-c", script], { maxBuffer: 2 ** 28 });
}

const read = (zip: Buffer) =>
  Object.fromEntries(filesOf(zip, "a.zip")!.map((file) => [file.path, file.read(MOST).toString("utf8")]));

function refused(what: () => unknown, message: RegExp): void {
  assert.throws(what, (error: unknown) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    assert.ok(error.message.length < 300);
    return true;
  });
}

test("files of a zip archive, stored and deflated, below folders, with names that lead elsewhere", () => {
  const zip = zipOf(
    "z.writestr('proc/buddyinfo', 'Node 0, zone Normal 1 2 3\\n')",
    "z.writestr('big', 'x' * 100000, zipfile.ZIP_DEFLATED)",
    "z.writestr('folder/', '')",
    "z.writestr('./a', 'first')",
    "z.writestr('../../etc/passwd', 'kept by its name only')",
    "z.writestr('__proto__', 'no property')",
    "z.writestr('ä', 'UTF-8')",
    "z.comment = b'PK\\5\\6 a comment'",
  );
  const found = new Map(filesOf(zip, "a.zip")!.map((file) => [file.path, file.read(MOST).toString("utf8")]));
  assert.deepEqual([...found.keys()], ["proc/buddyinfo", "big", "a", "../../etc/passwd", "__proto__", "ä"]);
  assert.equal(found.get("proc/buddyinfo"), "Node 0, zone Normal 1 2 3\n");
  assert.equal(found.get("big"), "x".repeat(100_000));
});

test("ZIP64 records, and an archive without files", () => {
  const large = zipOf("with z.open('a', 'w', force_zip64=True) as f: f.write(b'text')");
  assert.deepEqual(read(large), { a: "text" });
  const empty = zipOf();
  assert.ok(isZip(empty));
  assert.deepEqual(read(empty), {});
  assert.equal(filesOf(Buffer.from("no archive, but a text of some length"), "a"), null);
});

test("an archive cut anywhere, or with a changed byte, gives its files or one line", () => {
  const zip = zipOf("z.writestr('a', 'text ' * 50, zipfile.ZIP_DEFLATED)", "z.writestr('b', 'more')");
  const tried = [
    ...Array.from({ length: zip.length }, (_, n) => zip.subarray(0, n)),
    ...Array.from({ length: zip.length }, (_, n) => {
      const changed = Buffer.from(zip);
      changed[n]! ^= 0xff;
      return changed;
    }),
  ];
  for (const bytes of tried) {
    try {
      for (const file of filesOf(bytes, "a.zip") ?? []) file.read(MOST);
    } catch (error) {
      assert.ok(error instanceof InputError, String(error));
      assert.doesNotMatch(error.message, /\n/);
    }
  }
  // The CRC-32 of the directory tells that the contents were changed.
  const spoilt = Buffer.from(zip);
  spoilt[spoilt.indexOf("more")]! ^= 1;
  const [, b] = zipEntries(spoilt, "a.zip");
  refused(() => unzipEntry(spoilt, b!, MOST), /^"b": cannot be unpacked \(its size or its CRC-32/);
});

test("sizes are limited before anything is unpacked, and hold while it is", () => {
  const bomb = zipOf("z.writestr('a', bytes(50 * 2 ** 20), zipfile.ZIP_DEFLATED)");
  assert.ok(bomb.length < 100_000);
  const [entry] = zipEntries(bomb, "bomb.zip");
  refused(() => unzipEntry(bomb, entry!, MOST), /^"a": a file may unpack to at most 1 MiB: got 50 MiB$/);
  // A directory that states less than the file has.
  const lie = { ...entry!, bytes: 1000 };
  refused(
    () => unzipEntry(bomb, lie, MOST),
    /^"a": unpacks to more than the 1000 B that the archive states$/,
  );
});

test("passwords, other methods, several parts and too many entries are refused in words", () => {
  const zip = zipOf("z.writestr('a', 'text')");
  const directory = zip.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  const end = zip.indexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(zip);
    copy.writeUInt16LE(value, at);
    return copy;
  };
  const content = (bytes: Buffer) => () => unzipEntry(bytes, zipEntries(bytes, "z")[0]!, MOST);
  refused(content(changed(directory + 8, 1)), /^"a": needs a password: unpack it first with unzip$/);
  refused(content(changed(directory + 10, 14)), /^"a": is packed by method 14 of zip/);
  refused(() => zipEntries(changed(end + 4, 1), "z"), /^z: a zip archive in several parts/);
  refused(
    () => zipEntries(changed(end + 10, 9), "z"),
    /^z: byte \d+: entry 2 of 9 of a zip archive was expected$/,
  );
  const locator = Buffer.alloc(76);
  locator.writeUInt32LE(0x06064b50, 0);
  locator.writeBigUInt64LE(10n ** 12n, 32);
  locator.writeUInt32LE(0x07064b50, 56);
  const many = Buffer.concat([locator, zip.subarray(end)]);
  refused(() => zipEntries(many, "z"), /^z: an archive may have 200000 entries: got 1000000000000$/);
});

test("a file within an archive may be packed itself", () => {
  const zip = zipOf("import gzip", "z.writestr('log.gz', gzip.compress(b'line'))");
  assert.deepEqual(read(zip), { "log.gz": "line" });
});
