/** Kernel memory follows from causes: files, processes, threads, connections, CPUs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { KernelCaches } from "../../lib/workload/kernel-caches";
import { Process } from "../../lib/workload/process";
import { WorkloadRun } from "../../lib/workload/scheduler";
import { slabOrder } from "../../lib/workload/slab-order";
import { pagesByKind, pc } from "./small";

const GiB = 2 ** 30;
const SLABINFO = join(__dirname, "../fixtures/real-machine/slabinfo");

test("slabs are as large as those of a running 6.18 with two CPUs, for each of its caches (/proc/slabinfo)", () => {
  const caches = readFileSync(SLABINFO, "utf8")
    .split("\n")
    .slice(2)
    .filter((line) => line !== "")
    .map((line) => line.trim().split(/\s+/));
  assert.ok(caches.length > 200);
  for (const [name, , , bytes, objects, pages] of caches) {
    const order = slabOrder(Number(bytes), 4096, 2);
    assert.equal(1 << order, Number(pages), name);
    assert.equal(Math.floor((4096 << order) / Number(bytes)), Number(objects), name);
  }
});

test("the caches of the model are as that machine's, object by object and slab by slab", () => {
  const text = readFileSync(SLABINFO, "utf8");
  const s = System.boot({ board: "raspberry-pi-4", kernel: "6.12", memoryBytes: GiB });
  const caches = new KernelCaches(s, new Random(1));
  for (const name of ["ext4_inode_cache", "dentry", "radix_tree_node", "task_struct", "TCP"] as const) {
    const [, , , bytes] = new RegExp(`^${name} .*$`, "m").exec(text)![0].split(/\s+/);
    const order = slabOrder(Number(bytes), 4096, s.cpus);
    assert.equal(caches.of(name).take(1), 1 << order, name);
  }
});

test("more CPUs want larger slabs: an ext4 inode's is of order 2 with two CPUs and of order 3 with forty", () => {
  assert.equal(slabOrder(1128, 4096, 2), 2);
  assert.equal(slabOrder(1128, 4096, 40), 3);
  assert.equal(slabOrder(1128, 65536, 40), 0);
});

test("files leave inodes and dentries in proportion, and 1,000 files of 64 KiB about 2 MB", () => {
  const s = pc();
  const caches = new KernelCaches(s, new Random(1));
  const before = pagesByKind(s).get("slabReclaimable") ?? 0;
  caches.found(1000);
  for (let i = 0; i < 1000; i++) caches.cached(16);
  const bytes = ((pagesByKind(s).get("slabReclaimable") ?? 0) - before) * 4096;
  assert.ok(bytes > 1.9e6 && bytes < 2.4e6, `${bytes} bytes`);
  assert.equal(caches.of("dentry").objects, 1800);
  caches.deleted(1000);
  assert.equal(caches.filePages, 0);
  validate(s.memory, "everything", { ownersKnown: true });
});

test("a huge page has a page table deposited with it, and gives it back (__do_huge_pmd_anonymous_page)", () => {
  const s = pc();
  const p = new Process(s);
  const before = pagesByKind(s).get("pageTable") ?? 0;
  assert.ok(p.faultHuge() && p.faultHuge());
  assert.equal(pagesByKind(s).get("pageTable"), before + 2);
  p.exit();
  assert.equal(pagesByKind(s).get("pageTable") ?? 0, 0);
});

test("a thread's stack is four single pages (CONFIG_VMAP_STACK), or one of 64 KiB", () => {
  for (const [pageSize, each] of [
    [4096, 4],
    [65536, 1],
  ] as const) {
    const s = System.boot({ board: "qemu-virt", kernel: "6.12", memoryBytes: 4 * GiB, pageSize });
    const p = new Process(s, { threads: 5 });
    assert.equal(pagesByKind(s).get("kernelStack"), 5 * each);
    p.exit();
    assert.equal(pagesByKind(s).get("kernelStack") ?? 0, 0);
  }
});

test("a process without memory for its stacks leaves nothing behind", () => {
  const s = pc(256);
  while (s.allocFixed("driver") >= 0);
  const before = pagesByKind(s);
  assert.equal(new Process(s, { threads: 4 }).alive, false);
  assert.deepEqual(pagesByKind(s), before);
});

test("the kernel's pages after boot grow with CPUs and memory", () => {
  const after = (board: string, gib: number) =>
    System.boot({ board, memoryBytes: gib * GiB }).kernelPages.length * 4096;
  const [one, forty] = [after("pc-x86-64", 16), after("server-x86-64", 16)];
  assert.ok(forty - one > 30 * 2 ** 20, `${one}, ${forty}`);
  assert.ok(after("pc-x86-64", 64) > one + 10 * 2 ** 20);
});

test("the loads of a used machine run on all of its CPUs, and requests come from the first one afterwards", () => {
  const s = System.boot({ board: "raspberry-pi-4", kernel: "6.12", memoryBytes: GiB });
  const run = new WorkloadRun(s, new Random(1));
  run.start({ kind: "uptime", profile: "pi", duration: "endless" });
  run.runUntil(6 * 3_600_000);
  const zone = s.memory.zones.at(-1)!;
  assert.equal(zone.pcps.length, 4);
  assert.ok(zone.pcps.every((pcp) => pcp.count > 0));
  assert.equal(zone.pcp, zone.pcps[0]);
});

test("requests from a CPU of the second node go there first", () => {
  const s = System.boot({ board: "server-x86-64", memoryBytes: 16 * GiB });
  const nodeOf = (pfn: number) => s.memory.zoneOf(pfn)!.nid;
  assert.equal(nodeOf(s.allocFixed("driver")), 0);
  s.memory.runOn(39);
  assert.equal(nodeOf(s.allocFixed("driver")), 1);
  s.memory.runOn(0);
  assert.equal(nodeOf(s.allocFixed("driver")), 0);
});

test("a process whose fork failed, or that has ended, gets no memory, though there is some", () => {
  const s = pc(256);
  const ended = new Process(s);
  ended.exit();
  const taken: number[] = [];
  for (let pfn = s.allocFixed("driver"); pfn >= 0; pfn = s.allocFixed("driver")) taken.push(pfn);
  const failed = new Process(s, { threads: 4 });
  for (const pfn of taken) s.freeFixed(pfn);
  const before = pagesByKind(s);
  for (const process of [failed, ended]) {
    assert.equal(process.alive, false);
    assert.deepEqual([process.fault(3), process.faultHuge(), process.mapShared(2)], [0, false, 0]);
  }
  assert.deepEqual(pagesByKind(s), before);
});
