/** Machines from texts: /proc/iomem, device trees in each of their forms, e820, logs; and texts that are none. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import {
  machineFromBootLog,
  machineFromDeviceTree,
  machineFromE820,
  machineFromIomem,
} from "../../lib/fluent/machine-texts";
import { pageblock } from "../support/cli";

type Node = Record<string, Uint8Array | Record<string, unknown>>;
const cells = (...words: number[]) => {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, i * 4);
  return new Uint8Array(bytes);
};
const words = (text: string) => new Uint8Array(Buffer.from(`${text}\0`, "latin1"));
const none = new Uint8Array();

/** A board of the BCM2711's kind: two ranges of memory, linux,cma in the first 768 MiB, a bus of 1 GiB. */
const TREE: Node = {
  "#address-cells": cells(2),
  "#size-cells": cells(1),
  chosen: {
    bootargs: words("console=tty1 hugepagesz=2M hugepages=4 transparent_hugepage=never"),
    "linux,initrd-start": cells(0x10000000),
    "linux,initrd-end": cells(0x11000000),
  },
  "memory@0": {
    device_type: words("memory"),
    reg: cells(0, 0, 0x3b400000, 0, 0x40000000, 0x40000000),
  },
  "reserved-memory": {
    "#address-cells": cells(2),
    "#size-cells": cells(1),
    "linux,cma": {
      compatible: words("shared-dma-pool"),
      size: cells(0x4000000),
      reusable: none,
      "linux,cma-default": none,
      "alloc-ranges": cells(0, 0, 0x30000000),
    },
    "atf@0": { reg: cells(0, 0, 0x80000), "no-map": none },
    "off@1000000": { reg: cells(0, 0x1000000, 0x100000), status: words("disabled") },
  },
  soc: {
    "#address-cells": cells(1),
    "#size-cells": cells(1),
    "dma-ranges": cells(0xc0000000, 0, 0, 0x40000000),
  },
  cpus: {
    "#address-cells": cells(1),
    "#size-cells": cells(0),
    "cpu@0": { compatible: words("arm,cortex-a72") },
    "cpu@1": { compatible: words("arm,cortex-a72") },
  },
};

/** The flattened form, by Devicetree Specification 0.4, chapter 5. */
function flattened(tree: Node, reserve: [bigint, bigint][] = []): Uint8Array {
  const names: string[] = [];
  const offset = (name: string) => {
    if (!names.includes(name)) names.push(name);
    return names.slice(0, names.indexOf(name)).reduce((sum, one) => sum + one.length + 1, 0);
  };
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  const node = (name: string, content: Node): Buffer =>
    Buffer.concat([
      cells(1),
      padded(words(name)),
      ...Object.entries(content).map(([own, value]) =>
        value instanceof Uint8Array
          ? Buffer.concat([cells(3, value.length, offset(own)), padded(value)])
          : node(own, value as Node),
      ),
      cells(2),
    ]);
  const structure = Buffer.concat([node("", tree), cells(9)]);
  const strings = Buffer.from(names.map((n) => `${n}\0`).join(""), "latin1");
  const map = Buffer.alloc((reserve.length + 1) * 16);
  for (const [i, [base, bytes]] of reserve.entries()) {
    map.writeBigUInt64BE(base, i * 16);
    map.writeBigUInt64BE(bytes, i * 16 + 8);
  }
  const at = 40 + map.length;
  const total = at + structure.length + strings.length;
  const head = cells(
    0xd00dfeed,
    total,
    at,
    at + structure.length,
    40,
    17,
    16,
    0,
    strings.length,
    structure.length,
  );
  return new Uint8Array(Buffer.concat([head, map, structure, strings]));
}

const SOURCE = `/dts-v1/;
/memreserve/ 0x0000000000001000 0x0000000000007000;
// The same board as source.
/ {
  #address-cells = <2>; #size-cells = <1>;
  chosen {
    bootargs = "console=tty1 hugepagesz=2M hugepages=4 transparent_hugepage=never";
    linux,initrd-start = <0x10000000>; linux,initrd-end = <0x11000000>;
  };
  memory@0 { device_type = "memory"; reg = <0x0 0x0 0x3b400000>, <0x0 0x40000000 0x40000000>; };
  reserved-memory {
    #address-cells = <2>; #size-cells = <1>; ranges;
    cma: linux,cma {
      compatible = "shared-dma-pool";
      size = <0x2000000>; /* overridden below */
      reusable; linux,cma-default;
      alloc-ranges = <0x0 0x0 0x30000000>;
    };
    atf@0 { reg = <0x0 0x0 0x80000>; no-map; };
    off@1000000 { reg = <0x0 0x1000000 0x100000>; status = "disabled"; };
  };
  soc { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0xc0000000 0x0 0x0 0x40000000>; };
  cpus { #address-cells = <1>; #size-cells = <0>;
    cpu@0 { compatible = "arm,cortex-a72"; mac = [00 11 22]; };
    cpu@1 { compatible = "arm,cortex-a72"; next-level-cache = <&cma>; };
  };
};
&cma { size = <0x4000000>; };
`;

const KEPT: [bigint, bigint][] = [[0x1000n, 0x7000n]];

test("a device tree says memory, regions, initial RAM disk, command line, processors and reach", () => {
  const notes: string[] = [];
  const read = machineFromDeviceTree(flattened(TREE, KEPT), { onNote: (note) => notes.push(note) });
  const plan = read.toJSON();
  assert.deepEqual(plan.ram, [
    { base: 0, bytes: 0x3b400000 },
    { base: GiB, bytes: GiB },
  ]);
  assert.deepEqual(plan.initrd, { base: 0x10000000, bytes: 16 * MiB });
  assert.deepEqual(plan.reserved, [{ name: "/memreserve/", base: 0x1000, bytes: 0x7000 }]);
  assert.equal(plan.dmaBits, 30);
  assert.equal(plan.cpus, 2);
  assert.equal(plan.thpEnabled, false);
  assert.deepEqual(plan.hugePages, { pools: [{ bytes: 2 * MiB, count: 4 }], cmaBytes: 0 });
  assert.deepEqual(
    plan.deviceTree!.map((r) => [r.name, r.bytes, r.base, r.noMap, r.reusable]),
    [
      ["linux,cma", 64 * MiB, undefined, false, true],
      ["atf@0", 512 * 1024, 0, true, false],
    ],
  );
  assert.equal(read.boot().cma.base, 0x30000000 - 64 * MiB);
  assert.ok(notes.some((note) => note.includes("/proc/iomem")));
});

test("the forms of one tree give one machine: .dtb, .dts, a folder", () => {
  const plan = machineFromDeviceTree(flattened(TREE, KEPT)).toJSON();
  assert.deepEqual(machineFromDeviceTree(SOURCE).toJSON(), plan);
  const folder = mkdtempSync(join(tmpdir(), "tree-"));
  try {
    const write = (path: string, node: Node) => {
      mkdirSync(path, { recursive: true });
      for (const [own, value] of Object.entries(node))
        if (value instanceof Uint8Array) writeFileSync(join(path, own), value);
        else write(join(path, own), value as Node);
    };
    write(join(folder, "tree"), TREE);
    writeFileSync(join(folder, "board.dtb"), flattened(TREE));
    const printed = (path: string) => {
      const run = pageblock(["boot", "--dtb", path, "--print-plan"]);
      assert.equal(run.status, 0, run.stderr);
      return JSON.parse(run.stdout);
    };
    const { deviceTree, ...rest } = printed(join(folder, "board.dtb"));
    const { deviceTree: ofFolder, ...ofRest } = printed(join(folder, "tree"));
    assert.deepEqual(ofRest, rest);
    const byName = (list: { name: string }[]) => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(byName(ofFolder), byName(deviceTree));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const IOMEM = `00000000-0007ffff : reserved
00080000-3b3fffff : System RAM
  00200000-01afffff : Kernel code
  01b00000-01e9ffff : reserved
  01ea0000-020fffff : Kernel data
40000000-fbffffff : System RAM
fd500000-fd50930f : fd500000.pcie pcie@7d500000
`;

test("/proc/iomem says memory and the kernel's image; with a tree, the regions too", () => {
  const alone = machineFromIomem(IOMEM).toJSON();
  assert.deepEqual(alone.ram, [
    { base: 0, bytes: 0x3b400000 },
    { base: GiB, bytes: 0xbc000000 },
  ]);
  assert.deepEqual(alone.kernelImage, { base: 0x200000, bytes: 0x1f00000, initBytes: 0x3a0000 });
  assert.equal(alone.reserved![0]!.bytes, 0x80000);
  const both = machineFromIomem(IOMEM, { deviceTree: flattened(TREE) }).toJSON();
  assert.equal(both.deviceTree!.length, 2);
  assert.deepEqual(both.ram, alone.ram);
  const pc = machineFromIomem(
    "00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n80000000-ffffffff : PCI Bus 0000:00\n",
  );
  assert.deepEqual(
    pc.boot().zones.map((z) => z.name),
    ["DMA", "DMA32"],
  );
});

test("an e820 map says what is usable; what is removed later counts", () => {
  const map = `BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
BIOS-e820: [mem 0x0000000000100000-0x000000007ffdffff] usable
BIOS-e820: [mem 0x0000000100000000-0x000000017fffffff] usable
e820: update [mem 0x00000000-0x00000fff] usable ==> reserved
e820: remove [mem 0x000a0000-0x000fffff] usable`;
  assert.deepEqual(machineFromE820(map).toJSON().ram, [
    { base: 0x1000, bytes: 0x9e000 },
    { base: MiB, bytes: 0x7fee0000 },
    { base: 4 * GiB, bytes: 2 * GiB },
  ]);
  machineFromE820(map).running().fill("anon", "16MiB");
});

test("a log is read with what people paste around it", () => {
  const plain = `Linux version 6.6.20 (a@b) (aarch64-linux-gnu-gcc)
Reserved memory: created CMA memory pool at 0x000000005c000000, size 64 MiB
OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
OF: reserved mem: 0x000000005c000000..0x000000005fffffff (65536 KiB) map reusable linux,cma
OF: reserved mem: 0x0000000040000000..0x000000004003ffff (256 KiB) nomap non-reusable secmon@40000000
Early memory node ranges
  node   0: [mem 0x0000000040000000-0x000000004003ffff]
  node   0: [mem 0x0000000040040000-0x000000005fffffff]
Kernel command line: console=ttyS0
Dentry cache hash table entries: 65536 (order: 7, 524288 bytes, linear)
Memory: 400000K/524288K available (14272K kernel code, 2454K rwdata, 4260K rodata, 2304K init, 532K bss, 58752K reserved, 65536K cma-reserved)`;
  const plan = machineFromBootLog(plain).toJSON();
  assert.deepEqual(plan.ram, [{ base: GiB, bytes: 512 * MiB }]);
  assert.equal(plan.kernel, "6.6");
  assert.equal(plan.deviceTree!.length, 2);
  for (const prefix of [
    (line: string) => `[    0.000000] ${line}`,
    (line: string) => `<6>[    0.000000][    T0] ${line}`,
    (line: string) => `> > [    0.000000] ${line}\r`,
    (line: string) => `Apr  6 18:17:25 host000 kernel: [    0.000000] ${line}`,
    (line: string) => `Jul 05 15:38:21 host kernel: ${line}`,
  ])
    assert.deepEqual(machineFromBootLog(plain.split("\n").map(prefix).join("\n")).toJSON(), plan);
  assert.equal(machineFromBootLog(plain).boot().cma.base, 0x5c000000);
});

test("two nodes of a log keep their own memory", () => {
  const log = `Linux version 6.1.0
BIOS-e820: [mem 0x0000000000100000-0x000000007fffffff] usable
  node   0: [mem 0x0000000000001000-0x000000000009efff]
  node   0: [mem 0x0000000000100000-0x000000007fffffff]
  node   0: [mem 0x0000000100000000-0x000000027fffffff]
  node   1: [mem 0x0000000280000000-0x000000037fffffff]
SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=16, Nodes=2`;
  const booted = machineFromBootLog(log).boot();
  assert.equal(booted.nodes, 2);
  assert.equal(booted.zones.at(-1)!.present * 4096, 4 * GiB);
});

test("what is no such text is refused in one line", () => {
  assert.throws(() => machineFromBootLog("hello"), /log: no ranges of memory: it needs the lines after/);
  assert.throws(() => machineFromBootLog("a\u0000b"), /log: is not text/);
  assert.throws(
    () => machineFromBootLog("  node   0: [mem 0xfffffffffffff000-0xffffffffffffffff]"),
    /log:1: addresses must be below 2\^53/,
  );
  assert.throws(
    () => machineFromIomem("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n"),
    /only root sees them: sudo cat/,
  );
  assert.throws(() => machineFromIomem(""), /iomem: no line such as/);
  assert.throws(() => machineFromE820("BIOS-e820: [mem 0x0-0xfff] reserved"), /e820: no usable entry/);
  assert.throws(
    () => machineFromDeviceTree("/dts-v1/;\n#include <a.dtsi>\n"),
    /device tree:2: .*preprocessor/,
  );
  assert.throws(() => machineFromDeviceTree("/dts-v1/; / { };"), /no memory node with a size/);
  assert.throws(() => machineFromDeviceTree("/dts-v1/; / { a = <1"), /ends in the middle/);
  const good = flattened(TREE);
  assert.throws(() => machineFromDeviceTree(good.slice(0, 200)), /it is cut, at byte 4/);
  for (let at = 4; at < good.length; at += 7) {
    const bad = good.slice();
    bad[at] = bad[at]! ^ 0xff;
    try {
      machineFromDeviceTree(bad);
    } catch (error) {
      assert.equal((error as Error).constructor.name, "InputError", `${at}: ${(error as Error).stack}`);
    }
  }
});

test("pageblock boot reads them, flags go before what they say, and notes go to stderr", () => {
  const folder = mkdtempSync(join(tmpdir(), "texts-"));
  try {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const log = join(folder, "dmesg.txt");
    writeFileSync(
      log,
      "[    0.000000] Linux version 6.18.0 (aarch64-linux-gnu-gcc)\n[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]\n",
    );
    const run = pageblock([
      "boot",
      "--from-log",
      log,
      "--cma",
      "5MiB",
      "--huge",
      "off",
      "--page-size",
      "16K",
    ]);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /kernel says +cma: Reserved 5 MiB at 0x[0-9a-f]{16}\n/);
    assert.match(run.stdout, /area +reserved \(command line\): 32 MiB at/);
    assert.match(run.stderr, /note: no initial RAM disk/);
    for (const [args, said] of [
      [["--from-log", join(folder, "none")], /none: cannot be read: no such file$/m],
      [["--from-log", fifo], /is a named pipe \(FIFO\), a regular file was expected/],
      [["--from-iomem", "/dev/zero"], /is a character device, a regular file was expected/],
      [["--dtb", fifo], /is a named pipe \(FIFO\), a regular file was expected/],
      [["--from-log", log, "--dtb", log], /goes with --from-iomem/],
      [["--from-log", log, "--from-iomem", log], /give one of them/],
      [["--dtb", log], /not understood|must begin/],
    ] as const) {
      const bad = pageblock(["boot", ...args]);
      assert.equal(bad.status, 2);
      assert.match(bad.stderr, said);
      assert.equal(bad.stderr.trim().split("\n").length, 1, bad.stderr);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** As Documentation/admin-guide has memblock=debug, and as mm/memblock.c prints it. */
const DUMPS = `Linux version 5.2.1-lpae (arm-linux-gnueabihf-gcc)
CPU: ARMv7 Processor
MEMBLOCK configuration:
 memory size = 0x000000003e000000 reserved size = 0x0000000000000010
 memory.cnt  = 0x1
 memory[0x0]     [0x0000000000000000-0x000000003dffffff], 0x000000003e000000 bytes flags: 0x0
efi:   0x000000000000-0x000000000fff [Reserved           |   |  |  |  |  |  |  |   |WB|  |  |  ]
memblock_reserve: [0x0000000000400000-0x0000000001df2cef] arm_memblock_init+0x44/0x19c
memblock_reserve: [0x0000000007cf6000-0x0000000007cfc5c4] early_init_dt_reserve_memory_arch+0x2c/0x30
memblock_reserve: [0x0000000030000000-0x0000000030ffffff] memblock_alloc_range_nid+0xa0/0x100
cma: Failed to reserve 64 MiB
MEMBLOCK configuration:
 memory size = 0x000000003e000000 reserved size = 0x00000000019ff2c5
 memory.cnt  = 0x4
 memory[0x0]     [0x0000000000000000-0x0000000000000fff], 0x0000000000001000 bytes flags: 0x4
 memory[0x1]     [0x0000000000001000-0x000000003cb3efff], 0x000000003cb3e000 bytes flags: 0x0
 memory[0x2]     [0x000000003cb3f000-0x000000003cb3ffff], 0x0000000000001000 bytes flags: 0x4
 memory[0x3]     [0x000000003cb40000-0x000000003dffffff], 0x00000000014c0000 bytes flags: 0x0`;

test("memblock's list of a log is its memory: the last whole one, with what is never mapped and what was taken", () => {
  const notes: string[] = [];
  const plan = machineFromBootLog(DUMPS, { onNote: (note) => notes.push(note) }).toJSON();
  assert.deepEqual(plan.ram, [{ base: 0, bytes: 0x3e000000 }]);
  assert.deepEqual(plan.kernelImage, { base: 0x400000, bytes: 0x19f2cf0 });
  assert.deepEqual(plan.reserved, [
    { name: "early_init_dt_reserve_memory_arch", base: 0x7cf6000, bytes: 0x65c5 },
    { name: "firmware (no-map)", base: 0, bytes: 4096 },
    { name: "firmware (no-map)", base: 0x3cb3f000, bytes: 4096 },
  ]);
  assert.ok(notes.some((note) => /first range of memory ends within a section.* 0x1000$/.test(note)));
  const newer = DUMPS.replace("5.2.1", "5.4.0");
  const told: string[] = [];
  machineFromBootLog(newer, { onNote: (note) => told.push(note) });
  assert.ok(!told.some((note) => note.includes("first range")), told.join());
  const cut = DUMPS.slice(0, DUMPS.lastIndexOf(" memory[0x3]"));
  assert.deepEqual(machineFromBootLog(cut).toJSON().ram, [{ base: 0, bytes: 0x3e000000 }]);
});

test("without another list the map of EFI is the memory: what is cached, and not mapped unless the kernel may use it", () => {
  const line = (range: string, type: string, cached = "WB") =>
    `efi:   ${range} [${type.padEnd(19)}|   |  |  |  |  |  |  |   |${cached}|  |  |  ]`;
  const log = [
    "Linux version 6.6.0 (aarch64-linux-gnu-gcc)",
    line("0x000040000000-0x000047ffffff", "Conventional Memory"),
    line("0x000048000000-0x00004800ffff", "Runtime Data"),
    line("0x000048010000-0x00007fffffff", "Boot Data"),
    line("0x000090000000-0x000090000fff", "Memory Mapped I/O", "  "),
  ].join("\n");
  const plan = machineFromBootLog(log).toJSON();
  assert.deepEqual(plan.ram, [{ base: GiB, bytes: GiB }]);
  assert.deepEqual(plan.reserved, [{ name: "firmware (no-map)", base: 0x48000000, bytes: 0x10000 }]);
  const nodes = `${log}\n  node   0: [mem 0x0000000040000000-0x000000005fffffff]`;
  assert.deepEqual(machineFromBootLog(nodes).toJSON().ram, [{ base: GiB, bytes: GiB / 2 }]);
});

test("/proc/iomem without devices: a PC is known by its hole, anything else is assumed and can be stated", () => {
  const read = (text: string, architecture?: "riscv64") => {
    const notes: string[] = [];
    const onNote = (note: string) => notes.push(note);
    const { board } = machineFromIomem(text, { onNote, ...(architecture && { architecture }) }).toJSON();
    return [board, notes.find((note) => note.startsWith("architecture"))] as const;
  };
  const pc = "00001000-0009fbff : System RAM\n00100000-7ffdffff : System RAM\n";
  assert.deepEqual(read(pc)[0], "blank-x86-64");
  assert.match(read(pc)[1]!, /by the hole of a PC below 1 MiB/);
  assert.equal(read("00100000-7ffdffff : System RAM\n7ffe0000-7fffffff : RAM buffer\n")[0], "blank-x86-64");
  const bare = "80000000-bfffffff : System RAM\n";
  assert.match(read(bare)[1]!, /arm64 is assumed, as nothing in the text tells; state it/);
  assert.deepEqual(read(bare, "riscv64"), ["blank-riscv64", undefined]);
});

const BOARD = `/dts-v1/;
/include/ "parts/soc.dtsi"
/ {
  model = "ACME Board One";
  memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x40000000>; };
};
`;

test("source takes plain files of its folder, and errors name the file and the command for macros", () => {
  const folder = mkdtempSync(join(tmpdir(), "dts-"));
  const boot = (text: string, ...more: string[]) => {
    writeFileSync(join(folder, "my.dts"), text);
    return pageblock(["boot", "--dtb", join(folder, "my.dts"), ...more]);
  };
  try {
    mkdirSync(join(folder, "parts"));
    writeFileSync(
      join(folder, "parts/soc.dtsi"),
      '/include/ "cells.dtsi"\n/ { cpus { cpu@0 { }; cpu@1 { }; }; };\n',
    );
    writeFileSync(join(folder, "parts/cells.dtsi"), "/ { #address-cells = <2>; #size-cells = <2>; };\n");
    const run = boot(BOARD);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^ACME Board One \(blank-arm64\), 1 GiB/);
    assert.equal(JSON.parse(boot(BOARD, "--print-plan").stdout).cpus, 2);
    const refused = (text: string, said: RegExp) => {
      const bad = boot(text);
      assert.equal(bad.status, 2, text);
      assert.match(bad.stderr, said);
      assert.equal(bad.stderr.trim().split("\n").length, 1, bad.stderr);
    };
    const cpp =
      /my\.dts:2: not understood: "#include": macros .*: cpp -nostdinc -I include -undef -x assembler-with-cpp my\.dts \| dtc -I dts -O dtb -o my\.dtb -/;
    refused("/dts-v1/;\n#include <dt-bindings/gpio/gpio.h>\n", cpp);
    refused(
      "/dts-v1/;\n/ {\n\ta = <GPIO_ACTIVE_LOW>;\n};\n",
      /my\.dts:3: not understood: "GPIO_ACTIVE_LOW": macros/,
    );
    refused(
      BOARD.replace("parts/soc", "parts/none"),
      /my\.dts:2: \/include\/: .*parts\/none\.dtsi: not found/,
    );
    refused(
      BOARD.replace("parts/soc.dtsi", "../../etc/hostname"),
      /my\.dts:2: \/include\/: .*(must lie in the folder of|not found)/,
    );
    refused(
      BOARD.replace("parts/soc.dtsi", "my.dts"),
      /my\.dts:2: \/include\/: at most 256 files and 16 deep/,
    );
    writeFileSync(join(folder, "parts/cells.dtsi"), "/ {\n  a = <(1 + 2)>;\n};\n");
    refused(BOARD, /parts\/cells\.dtsi:2: not understood: "\("/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the name of a file is no device tree, and text alone includes nothing", () => {
  assert.throws(
    () => machineFromDeviceTree("my.dts"),
    /device tree: must be the text or the bytes of a file, not its name: got "my\.dts": use readFileSync\(\)/,
  );
  assert.throws(
    () => machineFromDeviceTree(BOARD),
    /device tree:2: \/include\/ "parts\/soc\.dtsi": only a file/,
  );
  // Properties begin with # too.
  const plain = BOARD.replace(
    /^.include.*$/m,
    "/ { #address-cells = <2>; #size-cells = <2>; #define-cells; };",
  );
  assert.equal(machineFromDeviceTree(plain).boot().memoryBytes, GiB);
});
