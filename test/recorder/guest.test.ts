/** What a guest is started with: its first file system, and the arguments of QEMU. */
import assert from "node:assert/strict";
import test from "node:test";
import { qemuArguments } from "../../lib/recorder/guest-machine";
import { initramfs } from "../../lib/recorder/initramfs";

/** Reads an archive by the description of `newc`: 6 bytes of magic, 13 numbers of 8 hexadecimal digits, name, content. */
function unpacked(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const up = (n: number) => Math.ceil(n / 4) * 4;
  for (let p = 0; p < archive.length; ) {
    assert.equal(archive.toString("latin1", p, p + 6), "070701");
    const field = (i: number) =>
      Number.parseInt(archive.toString("latin1", p + 6 + 8 * i, p + 14 + 8 * i), 16);
    const nameEnd = p + 110 + field(11);
    const name = archive.toString("latin1", p + 110, nameEnd - 1);
    assert.equal(archive[nameEnd - 1], 0);
    const from = up(nameEnd);
    files.set(name, archive.subarray(from, from + field(6)));
    if (name !== "TRAILER!!!") assert.equal(field(1), 0o100755);
    p = up(from + field(6));
  }
  return files;
}

test("the first file system holds each file as it is, and ends with its trailer", () => {
  const files = unpacked(
    initramfs(
      new Map([
        ["init", Buffer.from("#!x")],
        ["m.ko", Buffer.from("12345678")],
      ]),
    ),
  );
  assert.deepEqual([...files.keys()], ["init", "m.ko", "TRAILER!!!"]);
  assert.equal(files.get("init")!.toString(), "#!x");
  assert.equal(files.get("m.ko")!.toString(), "12345678");
});

test("QEMU runs all CPUs in one thread, without a network, and a comma in a path is no option", () => {
  const args = qemuArguments({
    kernel: "k",
    initramfs: "i",
    ring: "/a,b/ring",
    ringMiB: 64,
    memoryMiB: 512,
    cpus: 4,
    parameters: "workload=files",
    minutesMost: 1,
  });
  const value = (option: string) => args[args.indexOf(option) + 1]!;
  assert.equal(value("-accel"), "tcg,thread=single");
  assert.equal(value("-smp"), "4");
  assert.ok(args.includes("-nodefaults"));
  assert.ok(!args.some((arg) => /^-(?:net|nic|netdev)$/.test(arg)));
  assert.equal(value("-object"), "memory-backend-file,id=ring,size=64M,mem-path=/a,,b/ring,share=on");
  for (const parameter of [
    "nokaslr",
    "numa=off",
    "init_on_alloc=0",
    "rcutree.use_softirq=0",
    "workload=files",
  ])
    assert.ok(value("-append").split(" ").includes(parameter), parameter);
});
