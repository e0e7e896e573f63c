/** Texts of machines from strangers: a machine, or one line, in time that grows with the text only. */
import assert from "node:assert/strict";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import {
  machineFromBootLog,
  machineFromDeviceTree,
  machineFromE820,
  machineFromIomem,
} from "../../lib/fluent/machine-texts";
import { FLOODS } from "../explain/floods";

function cpuMs(what: () => unknown): number {
  const from = process.cpuUsage();
  try {
    what();
  } catch (error) {
    assert.ok(error instanceof InputError, `${(error as Error).stack}`);
    assert.ok(error.message.length <= 500 && !error.message.includes("\n"), error.message);
  }
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

/** Four times the text takes four times the time; sixteen times if each part looks at all others. */
function grows(read: (n: number) => unknown, n: number): void {
  cpuMs(() => read(n));
  const ratios: number[] = [];
  while (ratios.length < 3 && !(ratios.at(-1)! < 8))
    ratios.push(
      Math.max(
        40,
        cpuMs(() => read(4 * n)),
      ) /
        Math.max(
          40,
          cpuMs(() => read(n)),
        ),
    );
  assert.ok(ratios.at(-1)! < 8, ratios.join(", "));
}

const many = (n: number, part: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => part(i)).join("");
const tree = (inside: string) =>
  `/dts-v1/; / { memory@0 { device_type = "memory"; reg = <0 0x40000000 0x40000000>; }; ${inside} };`;

for (const [name, source] of Object.entries<(n: number) => string>({
  nodes: (n) => tree(many(n, (i) => `n${i} {};`)),
  properties: (n) => tree(`p { ${many(n, (i) => `p${i};`)} };`),
  cells: (n) => tree(`x = <${"1 ".repeat(10 * n)}>;`),
  "a string": (n) => tree(`x = "${"a".repeat(100 * n)}";`),
  escapes: (n) => tree(`x = "${"\\n".repeat(50 * n)}";`),
  bytes: (n) => tree(`x = [${"0 ".repeat(10 * n)}];`),
  comments: (n) => tree("/*".repeat(10 * n)),
  "memory nodes": (n) =>
    `/ { ${many(n, (i) => `m@${i} { device_type = "memory"; reg = <0 0x${(2 * i + 1).toString(16)}000 0x1000>; };`)} };`,
  "levels without an end": (n) => `/ { ${"a {".repeat(n)}`,
}))
  test(`source of a device tree with many parts: ${name}`, () =>
    grows((n) => machineFromDeviceTree(source(n)), 5000));

test("a property of a device tree may be as long as the source", () => {
  const described = machineFromDeviceTree(tree(`x = <${"1 ".repeat(500_000)}>;`));
  assert.equal(described.toJSON().ram?.[0]?.bytes, 0x40000000);
});

test("/bits/ names the size of a cell, and nothing else", () => {
  for (const bits of ["0", "3", "99999999999"])
    assert.throws(
      () => machineFromDeviceTree(tree(`x = /bits/ ${bits} <1>;`)),
      /device tree:1: not understood/,
    );
});

/** Words of 32 bits, the larger end first. */
function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
}

test("names in a flattened device tree are looked for no further than names can be", () => {
  // Tokens of the Devicetree Specification 0.4, 5.4.1: 1 begins a node with an empty name, 3 a property without a value, 2 ends.
  const strings = Buffer.alloc(4 * 2 ** 20, 0x61);
  const structure = Buffer.concat([
    words(1, 0),
    ...Array.from({ length: 50_000 }, () => words(3, 0, 0)),
    words(2, 9),
  ]);
  const total = 56 + structure.length + strings.length;
  const header = words(
    0xd00dfeed,
    total,
    56,
    56 + structure.length,
    40,
    17,
    16,
    0,
    strings.length,
    structure.length,
  );
  const flat = Buffer.concat([header, Buffer.alloc(16), structure, strings]);
  assert.throws(() => machineFromDeviceTree(flat), /a name has no end, at byte/);
  // With an end 200 characters behind, every one of 50,000 is found at once.
  strings[200] = 0;
  const named = Buffer.concat([header, Buffer.alloc(16), structure, strings]);
  assert.ok(cpuMs(() => machineFromDeviceTree(named)) < 5000);
});

for (const name of [
  "boots with a map",
  "e820 map",
  "EFI map",
  "memblock",
  "memblock again and again",
  "early memory node ranges",
  "regions of the device tree",
  "nothing of memory",
])
  test(`a log with many lines: ${name}`, () => grows((n) => machineFromBootLog(FLOODS[name]!(n)), 5000));

test("maps with many lines", () => {
  grows((n) => machineFromIomem(FLOODS.iomem!(n)), 5000);
  grows((n) => machineFromE820(FLOODS["e820 map"]!(n)), 5000);
  const change = "e820: update [mem 0x00001000-0x00001fff] usable ==> reserved\n";
  const map = "BIOS-e820: [mem 0x0000000000000000-0x000000007fffffff] usable\n";
  assert.throws(() => machineFromE820(map + change.repeat(513)), /:514: a map is changed 512 times at most/);
});
