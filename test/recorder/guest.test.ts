/** What a guest is started with: its first file system, and the arguments of QEMU. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { ARCHITECTURES } from "../../lib/recorder/architectures";
import { bootGuest, qemuArguments } from "../../lib/recorder/guest-machine";
import { initramfs } from "../../lib/recorder/initramfs";
import { kernelParameters } from "../../lib/recorder/record";

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
    arch: ARCHITECTURES.find(({ name }) => name === "x86-64")!,
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

test("a guest of arm64 is QEMU's virt machine with its own console, and behaves as Debian's kernel", () => {
  const arch = ARCHITECTURES.find(({ name }) => name === "arm64")!;
  assert.equal(arch.qemu, "qemu-system-aarch64");
  const boot = {
    kernel: "k",
    initramfs: "i",
    ring: "r",
    ringMiB: 64,
    memoryMiB: 512,
    cpus: 2,
    minutesMost: 1,
  };
  const args = qemuArguments({ ...boot, arch, parameters: "workload=cma" });
  assert.equal(args[args.indexOf("-machine") + 1], "virt,gic-version=3");
  const words = args[args.indexOf("-append") + 1]!.split(" ");
  for (const word of ["console=ttyAMA0", "preempt=voluntary", "nokaslr", "workload=cma"])
    assert.ok(words.includes(word), word);
  assert.ok(!words.includes("console=ttyS0"));
});

test("the workload that asks for contiguous memory gets an area of a quarter, unless one is asked for", () => {
  const request = (workload: string, parameters: string, memoryMiB = 512) =>
    kernelParameters({
      ...{ kernel: "7.3", arch: "x86-64", cpus: 1, workload, memoryMiB, ops: 1, seed: 1, parameters },
      ...{ ringMiB: 64, minutesMost: 1, out: "o", cache: "c" },
    });
  assert.equal(request("cma", ""), "cma=128M");
  assert.equal(request("cma", "boost=15000", 330), "cma=80M boost=15000");
  assert.equal(request("cma", "boost=1 cma=64M"), "boost=1 cma=64M");
  assert.equal(request("files", ""), "");
});

/** What bootGuest() does with a QEMU that is this script of the shell; `heard` gets the guest's lines. */
async function bootOf(script: string, heard: (line: string) => void, stop?: AbortSignal): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-guest-"));
  const qemu = join(dir, "qemu");
  writeFileSync(qemu, `#!/bin/sh\n${script}\n`);
  chmodSync(qemu, 0o755);
  const arch = { ...ARCHITECTURES[0]!, qemu };
  const files = { kernel: "k", initramfs: "i", ring: join(dir, "ring"), parameters: "" };
  try {
    await bootGuest({ arch, ...files, ringMiB: 16, memoryMiB: 256, cpus: 1, minutesMost: 5 }, heard, stop);
    return "complete";
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("a guest is complete when it says so, and a full ring is told from a guest that failed", async () => {
  assert.equal(await bootOf("echo 'recorder: complete'", () => {}), "complete");
  const full = await bootOf("echo 'recorder: FAILED snapshot 1: No space left on device'", () => {});
  assert.match(full, /^record: the ring of 16 MiB was full .*--ring-size/);
  const failed = await bootOf("echo 'recorder: FAILED snapshot 1: Input/output error'", () => {});
  assert.match(failed, /^record: the guest did not end its recording: recorder: FAILED snapshot 1: Input/);
});

test("QEMU ends with the recording that is stopped, even if it ignores signals", async () => {
  const told = new AbortController();
  let pid = 0;
  // The guest tells when it runs; what it waits for never comes.
  const script = "trap '' TERM INT; echo \"recorder: $$\"; exec tail -f /dev/null";
  const heard = (line: string) => {
    pid = Number(line.replace("recorder: ", ""));
    told.abort();
  };
  assert.match(await bootOf(script, heard, told.signal), /^record: stopped before the recording had ended/);
  assert.ok(pid > 1);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  const before = AbortSignal.abort();
  assert.match(await bootOf("exec tail -f /dev/null", () => {}, before), /^record: stopped/);
});
