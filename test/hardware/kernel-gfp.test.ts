/** Flags by name and by value. Values and their names stand side by side in reports of 4.6 and later. */
import assert from "node:assert/strict";
import test from "node:test";
import { gfpFromNames, gfpFromValue, gfpInWords } from "../../lib/hardware/kernel-gfp";
import { nearestKernel } from "../../lib/hardware/kernel-release";
import { parseGfp } from "../../lib/mm/page-allocator";
import {
  __GFP_COMP,
  __GFP_DMA,
  __GFP_IO,
  __GFP_RECLAIM,
  GFP_ATOMIC,
  GFP_KERNEL,
} from "../../lib/mm/state/gfp";

/** As kernels printed them: release, value, names (test/fixtures/field; 4.14 and 4.18 from public reports). */
const PRINTED: [string, number, string][] = [
  ["4.9", 0x24040c0, "GFP_KERNEL|__GFP_COMP"],
  ["4.9", 0x24280ca, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"],
  ["4.14", 0x14201ca, "GFP_HIGHUSER_MOVABLE|__GFP_COLD"],
  ["4.15", 0x14080c0, "GFP_KERNEL|__GFP_ZERO"],
  ["4.19", 0x6000c0, "GFP_KERNEL"],
  ["5.0", 0x400000, "GFP_NOWAIT"],
  ["5.4", 0x40cc0, "GFP_KERNEL|__GFP_COMP"],
  ["5.7", 0x101cc0, "GFP_USER|__GFP_WRITE"],
  ["5.19", 0x40c40, "GFP_NOFS|__GFP_COMP"],
  ["6.1", 0x140dca, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO"],
  ["6.5", 0x440dc0, "GFP_KERNEL_ACCOUNT|__GFP_COMP|__GFP_ZERO"],
  ["6.16", 0xc04, "GFP_NOIO|GFP_DMA32"],
];

for (const [release, value, names] of PRINTED)
  test(`0x${value.toString(16)} of ${release} is ${names}`, () => {
    const read = gfpFromValue(value, release);
    assert.deepEqual(read.flags.sort(), names.split("|").sort());
    assert.deepEqual(read.has, new Set(gfpFromNames(names).has));
    assert.deepEqual(read.unknown, []);
  });

test("before 4.4 only the value was printed", () => {
  // GFP_ATOMIC was __GFP_HIGH, GFP_KERNEL __GFP_WAIT|__GFP_IO|__GFP_FS; 0x8000 __GFP_ZERO, 0x1000 __GFP_NORETRY.
  assert.deepEqual(gfpFromValue(0x20, "2.6.32").flags, ["GFP_ATOMIC"]);
  assert.deepEqual(gfpFromValue(0xd0, "2.6.32").flags, ["GFP_KERNEL"]);
  assert.deepEqual(gfpFromValue(0x80d0, "3.3").flags, ["GFP_KERNEL", "__GFP_ZERO"]);
  assert.deepEqual(gfpFromValue(0x10d1, "3.17").flags, ["GFP_KERNEL", "GFP_DMA", "__GFP_NORETRY"]);
  assert.deepEqual(gfpFromValue(0x200da, "3.10").flags, ["GFP_HIGHUSER_MOVABLE"]);
});

test("a distribution's kernel may have the bits of a later release: a value that makes no sense is read anew", () => {
  // EL8's 4.18 prints 0x6000c0(GFP_KERNEL), mainline's 4.18 would have no flag to wait in it.
  assert.deepEqual(gfpFromValue(0x6000c0, "4.18").flags, ["GFP_KERNEL"]);
  assert.deepEqual(gfpFromValue(0x40cc0, null).flags, ["GFP_KERNEL", "__GFP_COMP"]);
  assert.deepEqual(gfpFromValue(0xd0, null).flags, ["GFP_KERNEL"]);
  assert.deepEqual(gfpFromValue(0x14000c0, null).flags, ["GFP_KERNEL"]);
});

test("old names mean what their successors mean", () => {
  assert.deepEqual(gfpFromNames("__GFP_WAIT|__GFP_IO|__GFP_FS").has, gfpFromNames("GFP_KERNEL").has);
  assert.deepEqual(gfpFromNames("GFP_TEMPORARY").has, gfpFromNames("GFP_KERNEL|__GFP_RECLAIMABLE").has);
  assert.ok(gfpFromNames("__GFP_REPEAT").has.has("RETRY_MAYFAIL"));
  assert.deepEqual(gfpFromNames("__GFP_NOTRACK|__GFP_COLD").unknown, []);
  assert.deepEqual(gfpFromNames("GFP_KERNEL|__GFP_NEW").unknown, ["__GFP_NEW"]);
  assert.match(gfpInWords(gfpFromNames("GFP_NOFS").has), /not enter a file system/);
});

test("the engine's requests take the same words and values", () => {
  assert.equal(parseGfp("GFP_KERNEL|__GFP_COMP"), GFP_KERNEL | __GFP_COMP);
  assert.equal(parseGfp("0x40cc0", "6.12"), GFP_KERNEL | __GFP_COMP);
  assert.equal(parseGfp("0x24040c0", "4.9"), GFP_KERNEL | __GFP_COMP);
  assert.equal(parseGfp("GFP_NOFS"), __GFP_RECLAIM | __GFP_IO);
  assert.equal(parseGfp("GFP_KERNEL|GFP_DMA|__GFP_COLD"), GFP_KERNEL | __GFP_DMA);
  assert.equal(parseGfp("GFP_ATOMIC"), GFP_ATOMIC);
  assert.throws(() => parseGfp("GFP_KERNAL"), /gfp: unknown name "GFP_KERNAL".*did you mean GFP_KERNEL\?/);
  assert.throws(() => parseGfp("GFP_KERNEL|"), /gfp: unknown name ""/);
});

test("every release from 2.6.32 on has a nearest modelled one, with what differs", () => {
  const near = (text: string) => nearestKernel(text)!;
  assert.equal(near("2.6.32-754.el6.x86_64").series, "2.6.32");
  assert.equal(near("2.6.32-754.el6.x86_64").release, "4.17");
  assert.match(near("2.6.32-754.el6.x86_64").notes.join(" "), /no memory compaction/);
  assert.doesNotMatch(near("3.10.0-693.el7").notes.join(" "), /no memory compaction/);
  assert.match(near("3.10.0-693.el7").notes.join(" "), /every order/);
  assert.doesNotMatch(near("4.9.3").notes.join(" "), /every order/);
  assert.deepEqual(near("6.6.30-v8+").notes, []);
  assert.equal(near("v6.1").series, "6.1");
  assert.equal(near("8.2.0-rc1").release, "7.3");
  assert.match(near("8.2.0-rc1").notes[0]!, /newer than the newest/);
  for (const text of ["", "linux", "2.4.20", "6", "6.x", "1234567.1"])
    assert.equal(nearestKernel(text), undefined, text);
});
