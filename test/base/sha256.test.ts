/** Our SHA-256 for browsers against Node's, which is OpenSSL's. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { Sha256, sha256Hex } from "../../lib/base/sha256";

const nodes = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

test("the examples of FIPS 180-4", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(sha256Hex("abc"), abc);
  assert.equal(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("every length around the blocks, and text of every width in UTF-8", () => {
  for (let length = 0; length <= 260; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    assert.equal(sha256Hex(bytes), nodes(bytes), `${length} bytes`);
  }
  for (const text of ["é", "€ 64 KiB", "𝄞".repeat(40), "a\ud800b", "\u0000"])
    assert.equal(sha256Hex(text), nodes(text));
});

test("fed piece by piece it is the same", () => {
  const piece = new Uint8Array(65_537).fill(0xa5);
  const [ours, theirs] = [new Sha256(), createHash("sha256")];
  for (let i = 0; i < 40; i++) {
    ours.update(piece.subarray(i));
    theirs.update(piece.subarray(i));
  }
  assert.equal(ours.digest(), theirs.digest("hex"));
});
