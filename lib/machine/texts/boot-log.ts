/**
 * The head of a kernel's log as a machine: memory, regions, the image, the initial RAM disk, the command line, the build
 * as far as it shows, and the areas that the kernel printed. The words are those of mm/mm_init.c, mm/cma.c,
 * drivers/of/of_reserved_mem.c and the architectures' setup.c, of releases from 4.x to 7.x.
 */
import { log2 } from "../../base/elementary";
import { InputError } from "../../base/errors";
import { KiB, MiB } from "../../base/units";
import { kernelRelease } from "../../hardware/kernel-release";
import { type Architecture, pageSizesOf } from "../../hardware/page-geometry";
import { type AddressRange, MOST_RANGES, type NodeRequest } from "../board-fields";
import type { BootRequest } from "../boot-request";
import { isInMemory } from "../image-place";
import { machineOfCommandLine } from "./command-line";
import { memoryOfLog, type NodeRange, reservedOfLog } from "./log-memory";
import { regionsOfLog } from "./log-regions";
import { hexNumber, kernelLine, linesOf, type MachineReading, merged } from "./reading";

const MEM = String.raw`\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\]`;
const ZONE = new RegExp(`^\\s{0,4}(DMA|DMA32|Normal|HighMem)\\s{1,10}(?:${MEM}|empty)`);
const MEMORY =
  /^Memory: (\d{1,12})K\/(\d{1,12})K available \((\d{1,9})K kernel code, (\d{1,9})K rwdata, (\d{1,9})K rodata, (\d{1,9})K init, (\d{1,9})K bss/;
const NODE_DATA = new RegExp(`NODE_DATA(?:\\(\\d{1,4}\\) allocated)? ${MEM}`);
const MODEL = /^(?:OF: fdt: ?|OF: )?(?:Machine model|Machine|DMI|MIPS: machine is):? (\S.{0,120})/;
const VERSION = /^Linux version (\d{1,2}\.\d{1,3}\S{0,80})(.*)/;

/** The machine of a boot log. Throws InputError if it says no ranges of memory. */
export function readBootLog(text: string, what = "log"): MachineReading {
  const lines = linesOf(text, what).map(kernelLine);
  const notes: string[] = [];
  const find = (pattern: RegExp) => firstMatch(lines, pattern);
  const found = memoryOfLog(lines, what);
  const { ram, nodes: ranges } = found;
  notes.push(...found.notes);
  if (ram.length === 0)
    throw new InputError(
      `${what}: no ranges of memory: it needs the lines after "Early memory node ranges", the BIOS-e820 map, or memblock's list (memblock=debug), from the first seconds of the boot (dmesg, journalctl -k -b)`,
    );
  const architecture = architectureOf(lines);
  const pageSize = pageSizeOf(lines, architecture, notes);
  const memory = find(MEMORY);
  const cmdline = find(/^(?:Kernel command line|Command line): (.{0,4096})/)?.[1] ?? "";
  const { regions, areas, configured } = regionsOfLog(lines);
  const cpus =
    find(/^SLUB: .{0,80}CPUs=(\d{1,4})/) ?? find(/^smp: Brought up \d{1,4} nodes?, (\d{1,4}) CPUs?/);
  const initrd = initrdOf(lines);
  const taken = reservedOfLog(lines, what);
  const stated = imageOf(lines, ram, architecture, memory) ?? taken.image;
  const image = stated !== undefined && isInMemory(stated, ram) ? stated : undefined;
  const release = releaseOf(find(VERSION)?.[1], notes);
  const noMap = found.noMap.map((range) => ({ name: "firmware (no-map)", ...range }));
  const kept = [...keptBefore(lines, architecture), ...taken.kept, ...noMap].slice(0, MOST_RANGES);
  if (initrd === undefined)
    notes.push("no initial RAM disk in the log: where there is one, state it (initrd)");
  if (stated !== image) notes.push("the kernel's image, as far as the log tells its place, is not in memory");
  else if (image === undefined) notes.push('no "Memory:" line: the kernel\'s image is that of a usual build');
  const machine: Partial<BootRequest> = {
    board: `blank-${architecture}`,
    ...(release !== undefined && { kernel: release }),
    ...(pageSize !== undefined && { pageSize }),
    ...memoryOf(ranges, ram),
    ...(kept.length > 0 && { reserved: kept }),
    ...(initrd && { initrd }),
    ...(image && { kernelImage: image }),
    ...(regions.length > 0 && { deviceTree: regions }),
    ...(cpus && { cpus: Math.min(1024, Math.max(1, Number(cpus[1]))) }),
    ...dmaOf(lines, architecture, ram),
    build: {
      ...(configured !== undefined && { cmaBytes: configured }),
      ...(architecture === "arm" && find(/^\s{0,4}DMA\s{1,10}\[mem/) !== null && { zoneDma: true }),
    },
    ...machineOfCommandLine(cmdline, notes),
  };
  if (memory !== null) checkTotal(Number(memory[2]) * KiB, ram, notes);
  if (architecture === "arm") notes.push(...firstRangeOf(found.first, release));
  const model = find(MODEL)?.[1]?.trim();
  return { machine, notes, areas, ...(model && { model }) };
}

function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | null {
  for (const line of lines) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  return null;
}

/** One node's memory as ram; several nodes each with its own, unless they lie between each other. */
function memoryOf(ranges: readonly NodeRange[], ram: AddressRange[]): Partial<BootRequest> {
  const ids = [...new Set(ranges.map((r) => r.nid))].sort((a, b) => a - b);
  if (ids.length < 2) return { ram };
  const byNode = new Map<number, AddressRange[]>(ids.map((nid) => [nid, []]));
  for (const { nid, range } of ranges) byNode.get(nid)!.push(range);
  const nodes = ids.map((nid): NodeRequest & { ram: AddressRange[] } => ({ ram: merged(byNode.get(nid)!) }));
  const ends = nodes.map((n) => [n.ram[0]!.base, n.ram.at(-1)!.base + n.ram.at(-1)!.bytes] as const);
  return ends.slice(1).every(([start], i) => start >= ends[i]![1]) ? { nodes } : { ram };
}

/** Lines that only one architecture's kernel prints, the surest first. */
const SIGNS: readonly (readonly [Architecture, RegExp])[] = [
  ["x86-64", /^BIOS-e820: |^x86\/fpu: |^MTRR /m],
  ["arm64", /^Booting Linux on physical CPU 0x[0-9a-f]{10} \[|aarch64-|-arm64\b|^CPU features: detected: /m],
  ["riscv64", /^SBI |^riscv: |riscv64-/m],
  ["ppc64", /^OPAL|^phys_mem_size |powerpc64|ppc64/m],
  ["mips", /^Primary instruction cache |^MIPS secondary cache|mips(?:el|64|64el)?-\S{0,40}gcc/m],
  ["arm", /^CPU: ARM|^Memory policy: |arm-\S{0,60}gcc|^\s{0,4}HighMem /m],
];

function architectureOf(lines: readonly string[]): Architecture {
  const text = lines.slice(0, 1000).join("\n");
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? "arm64";
}

/** A table of 2^order pages says its bytes; so does a zone's number of pages. */
function pageSizeOf(
  lines: readonly string[],
  architecture: Architecture,
  notes: string[],
): number | undefined {
  const table = firstMatch(lines, /hash table entries: \d{1,12} \(order: (\d{1,2}), (\d{1,12}) bytes/);
  if (table !== null) {
    const bytes = Number(table[2]) / 2 ** Number(table[1]);
    if (pageSizesOf(architecture).includes(bytes)) return bytes;
  }
  notes.push("page size: the architecture's usual one; no line of the log says it");
  return undefined;
}

function releaseOf(printed: string | undefined, notes: string[]): string | undefined {
  if (printed === undefined) {
    notes.push('no "Linux version" line: state the release (kernel)');
    return undefined;
  }
  const [, series] = /^(\d{1,2}\.\d{1,3})/.exec(printed)!;
  try {
    return kernelRelease(series!);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    notes.push(
      `release ${printed.slice(0, 40)} is not modelled; the default is taken: state the nearest (kernel)`,
    );
    return undefined;
  }
}

const RAMDISK: readonly (readonly [RegExp, "last" | "end" | "bytes"])[] = [
  [new RegExp(`^RAMDISK: ${MEM}`), "last"],
  [/^(?:Found initrd at) 0x(?:c000)?([0-9a-f]{1,12}):0x(?:c000)?([0-9a-f]{1,12})/, "end"],
  [/^\s{0,4}Loading Ramdisk to ([0-9a-f]{1,16}), end ([0-9a-f]{1,16})/, "end"],
  [/^Initial ramdisk at: 0x([0-9a-f]{1,16}) \((\d{1,12}) bytes\)/, "bytes"],
];

function initrdOf(lines: readonly string[]): AddressRange | undefined {
  for (const [pattern, form] of RAMDISK) {
    const found = firstMatch(lines, pattern);
    if (found === null) continue;
    const base = hexNumber(found[1]!, "initrd");
    const second = form === "bytes" ? Number(found[2]) : hexNumber(found[2]!, "initrd");
    const bytes = form === "bytes" ? second : second - base + (form === "last" ? 1 : 0);
    if (bytes > 0) return { base, bytes };
  }
  return undefined;
}

/** Above the start of memory: TEXT_OFFSET and its kin; on x86-64 and ppc64 an address. */
const IMAGE_AT: Readonly<Record<Architecture, { offset: number; fixed: boolean }>> = {
  arm64: { offset: 2 * MiB, fixed: false },
  riscv64: { offset: 2 * MiB, fixed: false },
  arm: { offset: 32 * KiB, fixed: false },
  mips: { offset: 64 * KiB, fixed: true },
  "x86-64": { offset: 16 * MiB, fixed: true },
  ppc64: { offset: 0, fixed: true },
};

/** The sum of the sections that the "Memory:" line counts, where the architecture's kernel lies, or U-Boot put it. */
function imageOf(
  lines: readonly string[],
  ram: readonly AddressRange[],
  architecture: Architecture,
  memory: RegExpExecArray | null,
): BootRequest["kernelImage"] {
  if (memory === null) return undefined;
  const [code, rwdata, rodata, init, bss] = memory.slice(3, 8).map((k) => Number(k) * KiB);
  const bytes = code! + rwdata! + rodata! + init! + bss!;
  const moved = firstMatch(
    lines,
    /(?:Moving Image from 0x[0-9a-f]{1,16} to 0x|Uncompressing Kernel Image to )([0-9a-f]{1,16})/,
  );
  const { offset, fixed } = IMAGE_AT[architecture];
  const base = moved !== null ? hexNumber(moved[1]!, "kernel image") : fixed ? offset : ram[0]!.base + offset;
  return bytes > 0 ? { base, bytes, initBytes: init! } : undefined;
}

/** What the log says was taken before areas were: node data, U-Boot's device tree, the first megabyte of a PC. */
function keptBefore(lines: readonly string[], architecture: Architecture) {
  const kept = lines.flatMap((line) => {
    const data = NODE_DATA.exec(line);
    const tree = /Loading Device Tree to ([0-9a-f]{1,16}), end ([0-9a-f]{1,16})/.exec(line);
    const found = data ?? tree;
    if (found === null || architecture === "ppc64") return [];
    const base = hexNumber(found[1]!, "log");
    const bytes = hexNumber(found[2]!, "log") + 1 - base;
    return bytes > 0 ? [{ name: data === null ? "device tree" : "node data", base, bytes }] : [];
  });
  return architecture === "x86-64" ? [{ name: "first megabyte", base: 0, bytes: MiB }, ...kept] : kept;
}

/** ZONE_DMA that ends at a power of two below other memory says what every device reaches. */
function dmaOf(
  lines: readonly string[],
  architecture: Architecture,
  ram: readonly AddressRange[],
): Partial<BootRequest> {
  if (architecture !== "arm64") return {};
  const dma = lines.map((line) => ZONE.exec(line)).find((found) => found?.[1] === "DMA");
  if (dma?.[3] === undefined) return {};
  const bits = log2(hexNumber(dma[3], "log") + 1);
  const isEnd = ram.at(-1)!.base + ram.at(-1)!.bytes === 2 ** bits;
  return Number.isInteger(bits) && bits >= 24 && !isEnd ? { dmaBits: bits } : {};
}

function checkTotal(total: number, ram: readonly AddressRange[], notes: string[]): void {
  const sum = ram.reduce((n, r) => n + r.bytes, 0);
  if (Math.abs(sum - total) > MiB)
    notes.push(
      `the ranges have ${Math.round(sum / MiB)} MiB, the "Memory:" line ${Math.round(total / MiB)} MiB: the log may be cut, or memory never mapped`,
    );
}

/** PMD_SIZE of 32-bit ARM. */
const ARM_PMD = 2 * MiB;

/**
 * arch/arm/mm/mmu.c adjust_lowmem_bounds() up to 5.3: a first range that ends within a section, mapped or not, ends what
 * the kernel may take early.
 */
function firstRangeOf(first: AddressRange | undefined, release: string | undefined): string[] {
  const [major, minor] = (release ?? "").split(".").map(Number);
  const old = major! < 5 || (major === 5 && minor! <= 3);
  if (!old || first === undefined || (first.base + first.bytes) % ARM_PMD === 0) return [];
  return [
    `not modelled: up to 5.3 a 32-bit ARM kernel may refuse every area where its first range of memory ends within a section of 2 MiB, as here at 0x${(first.base + first.bytes).toString(16)}`,
  ];
}
