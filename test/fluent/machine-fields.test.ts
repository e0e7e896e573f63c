/** What a description of a machine takes and refuses: the same as the plan that it makes. */
import assert from "node:assert/strict";
import test from "node:test";
import { InputError, machine } from "../../lib";
import type { MachineIn } from "../../lib/fluent/machine";

const virt = machine("qemu-virt");

test("a field replaces the one of the machine, in every spelling", () => {
  const one = virt.memory("1GiB");
  assert.equal(one.fields({ memory: "512MiB" }).toJSON().memoryBytes, 2 ** 29);
  assert.equal(one.fields({ memoryBytes: "512MiB" } as MachineIn).toJSON().memoryBytes, 2 ** 29);
  const old = virt.kernel("6.19").pageblockMaxOrder(5);
  assert.equal(old.fields({ pageBlockMaxOrder: 6 } as unknown as MachineIn).toJSON().pageblockMaxOrder, 6);
  const twice = { memory: "1GiB", memoryBytes: 2 ** 30 } as unknown as MachineIn;
  assert.throws(() => one.fields(twice), /memoryBytes: means the same as memory: give only one/);
});

test("a field without a value changes nothing", () => {
  const one = machine("qemu-virt", { memory: "1GiB" });
  const none = { memoryBytes: undefined, memory: undefined } as unknown as MachineIn;
  assert.deepEqual(one.fields(none).toJSON(), one.toJSON());
  assert.throws(() => one.fields(null as never), /machine: fields must be an object: got null/);
});

test("what a plan refuses, the description refuses at once, with the place and the value", () => {
  const manyAreas = () => {
    let one = virt;
    for (let i = 0; i < 65; i++) one = one.cmaArea(`area${i}`, "1MiB");
  };
  const cases: [() => unknown, RegExp][] = [
    [
      () => virt.hugePages("2M", 1e300),
      /machine: hugePages.pools\[0\].count: must be a whole number.*1e\+300/,
    ],
    [manyAreas, /machine: cmaAreas: must have at most 64 entries: got 65/],
    [() => virt.nodes(null as never), /machine: nodes: must be a whole number from 1 to 64: got null/],
    [() => virt.kernel(null as never), /machine: kernel: must be text: got null/],
    [() => virt.kernel(6.1 as never), /machine: kernel: must be text, in quotes in a file: got 6.1/],
    [
      () => virt.pageblockMaxOrder("9" as never),
      /machine: pageblockMaxOrder: must be a whole number from 1 to 30: got "9"/,
    ],
    [() => virt.cma(null as never), /cma: must be a size/],
    [() => virt.movableNode("x" as never), /movableNode: must be a list: got "x"/],
    [() => virt.movableNode([null] as never), /movableNode\[0\]: must be an object.*got null/],
    [() => virt.hugetlbCma(null as never), /hugetlb_cma/],
  ];
  for (const [run, message] of cases)
    assert.throws(
      run,
      (error) => error instanceof InputError && message.test(error.message),
      String(message),
    );
});
