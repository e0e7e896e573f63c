/** A boot log: release, machine, maps of the firmware, zones, the command line and the line of memory. */
import { log2 } from "../base/elementary";
import type { Draft } from "./draft";
import type { LogLine } from "./joined-lines";
import { archOfRelease } from "./read-headlines";
import type { BootReading } from "./reading";
import { bootDraft, type LineReader, type Session } from "./session";

const KIB = 1024;
const PAGE_BYTES_USUAL = 4096;

function draftOf(session: Session, line: LogLine): Draft {
  return bootDraft(session, "boot", "boot-memory", line.place);
}

/** Another boot in the same text: its lines belong to drafts of their own. */
function nextBoot(session: Session): void {
  session.boots++;
  session.boot = null;
  session.cmaBoot = null;
  session.hugetlb = null;
  session.cmaFailure = null;
  session.report = null;
  session.machine = null;
}

const version: LineReader = (line, session) => {
  if (/^Booting Linux on physical CPU/.test(line.text)) {
    if (session.boot !== null) nextBoot(session);
    draftOf(session, line);
    if (/CPU 0x[0-9a-f]{10} /.test(line.text)) session.arch = "arm64";
    return "boot";
  }
  const found = /^Linux version (\d\S{1,120})(.*)/.exec(line.text);
  if (!found) return null;
  if (session.boot?.filled.has("version")) nextBoot(session);
  const draft = draftOf(session, line);
  draft.filled.add("version");
  session.release = found[1]!;
  session.arch = archOfRelease(found[1]!) ?? archOfRelease(found[2]!) ?? session.arch;
  return "kernel release";
};

const uname: LineReader = (line, session) => {
  const file = `${session.printed ?? ""} ${session.source}`;
  const alone = /\bosrelease\b/.test(file) ? /^(\d{1,2}\.\d[\w.+~-]{0,100})$/.exec(line.text) : null;
  const found = alone ?? /^Linux \S{1,80} (\d{1,2}\.\d\S{0,100}) #(.*)$/.exec(line.text);
  if (!found) return null;
  session.release ??= found[1]!;
  session.arch ??= archOfRelease(found[2] ?? "") ?? archOfRelease(found[1]!);
  return "kernel release";
};

const MACHINE =
  /^(?:OF: fdt: ?|OF: )?(?:Machine model|Machine|DMI|MIPS: machine is|Machine is|SoC Type)[:]? (\S.{0,200})/;

const machine: LineReader = (line, session) => {
  const found = MACHINE.exec(line.text);
  if (!found) return null;
  session.machine ??= found[1]!.trim();
  draftOf(session, line);
  return "machine";
};

const commandLine: LineReader = (line, session) => {
  const found = /^(?:Kernel command line|Command line|cmdline): ?(.*)$/.exec(line.text);
  const bare = session.printed?.endsWith("/cmdline") || /(?:^|[/:])cmdline$/.test(session.source);
  if (!found && !(bare && line.text !== "") && !/^BOOT_IMAGE=/.test(line.text)) return null;
  draftOf(session, line).reading.boot.commandLine = (found ? found[1]! : line.text).trim();
  if (session.printed?.endsWith("/cmdline")) session.printed = null;
  return "kernel command line";
};

/** `[mem 0x…-0x…]` with its last byte inside. */
const MEM = /\[mem (0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\]/;

function rangeIn(text: string): [number, number] | null {
  const found = MEM.exec(text);
  return found ? [Number(found[1]), Number(found[2]) + 1] : null;
}

/** Kernels before 3.6 print numbers of frames: `0x00000010 -> 0x00001000`. */
function framesIn(text: string, pageBytes: number): [number, number] | null {
  const found = /(0x[0-9a-f]{1,16}) -> (0x[0-9a-f]{1,16})/.exec(text);
  return found ? [Number(found[1]) * pageBytes, Number(found[2]) * pageBytes] : null;
}

/** A machine with a BIOS map is an x86: 64-bit kernels have DMA32, 32-bit ones HighMem. */
const ARCH_OF_ZONE: Readonly<Record<string, string>> = { DMA32: "x86_64", HighMem: "i386" };

const zoneRanges: LineReader = (line, session) => {
  if (/^Zone (?:ranges|PFN ranges):/.test(line.text)) {
    session.section = "zone ranges";
    draftOf(session, line).reading.boot.zoneRanges = [];
    return "zone ranges";
  }
  if (session.section !== "zone ranges") return null;
  const found = /^(DMA|DMA32|Normal|HighMem|Movable|Device)\s{1,12}((?:\[mem|empty|0x).{0,80})$/.exec(
    line.text,
  );
  if (!found) return null;
  const range = rangeIn(found[2]!) ?? framesIn(found[2]!, session.pageBytes ?? PAGE_BYTES_USUAL);
  const [from, to] = range ?? [0, 0];
  const { ramFrom } = draftOf(session, line).reading.boot;
  if (ramFrom === "e820") session.arch ??= ARCH_OF_ZONE[found[1]!] ?? null;
  draftOf(session, line).reading.boot.zoneRanges.push({ name: found[1]!, from, to });
  return "zone ranges";
};

/** Ranges of memory by where they come from: those of nodes are what the kernel took, so they replace the firmware's. */
const RANK: readonly BootReading["ramFrom"][] = ["iomem", "efi", "e820", "memblock", "nodes"];

function addRam(boot: BootReading, from: NonNullable<BootReading["ramFrom"]>, range: [number, number]): void {
  if (RANK.indexOf(boot.ramFrom) > RANK.indexOf(from)) return;
  if (boot.ramFrom !== from) boot.ram = [];
  boot.ramFrom = from;
  const last = boot.ram.at(-1);
  if (last && last[1] === range[0]) last[1] = range[1];
  else boot.ram.push(range);
}

const nodeRanges: LineReader = (line, session) => {
  if (/^Early memory (?:node ranges|PFN ranges)|^early_node_map\[/.test(line.text)) {
    session.section = "node ranges";
    const { boot } = draftOf(session, line).reading;
    boot.nodes = [];
    return "memory of nodes";
  }
  if (session.section !== "node ranges") return null;
  const found = /^(?:node\s{1,6})?(\d{1,6}): (.{1,80})$/.exec(line.text);
  const range = found && (rangeIn(found[2]!) ?? framesIn(found[2]!, session.pageBytes ?? PAGE_BYTES_USUAL));
  if (!range) return null;
  const { boot } = draftOf(session, line).reading;
  boot.nodes.push({ node: Number(found[1]), from: range[0], to: range[1] });
  addRam(boot, "nodes", range);
  return "memory of nodes";
};

const E820 = /^(BIOS-e820|BIOS-88|modified|user|extended|BIOS-provided): (.{1,120})$/;
const E820_OLD = /^([0-9a-f]{8,16}) - ([0-9a-f]{8,16}) \(([^)]{1,40})\)/;

const e820: LineReader = (line, session) => {
  if (/^(?:user-defined|modified) physical RAM map/.test(line.text)) {
    const { boot } = draftOf(session, line).reading;
    if (boot.ramFrom === "e820") boot.ram = [];
    return "map of the firmware";
  }
  const found = E820.exec(line.text);
  if (!found)
    return /^(?:e820: |BIOS-provided|extended physical)/.test(line.text) ? "map of the firmware" : null;
  const old = E820_OLD.exec(found[2]!);
  const range: [number, number] | null = old
    ? [Number.parseInt(old[1]!, 16), Number.parseInt(old[2]!, 16)]
    : rangeIn(found[2]!);
  if (!range || found[1] === "extended") return range ? "map of the firmware" : null;
  const kind = old ? old[3]! : found[2]!.slice(found[2]!.indexOf("]") + 1).trim();
  const { boot } = draftOf(session, line).reading;
  if (kind === "usable") addRam(boot, "e820", range);
  else boot.reserved.push({ name: kind, base: range[0], bytes: range[1] - range[0], flags: ["e820"] });
  return "map of the firmware";
};

/** Types that the kernel may use after the start (drivers/firmware/efi: is_usable_memory, arch/x86: do_add_efi_memmap). */
const EFI_USABLE =
  /Conventional|Boot Data|Boot Code|Loader Data|Loader Code|Persistent|type=(?:1|2|3|4|7|14)\b/;
const EFI_ARM = /^(?:efi:\s{1,4})?(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16}) \[([A-Z][^|\]]{1,40})/;
const EFI_X86 = /^(?:efi|EFI): mem\d{2,5}: (.{1,160}?)range=\[(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})([)\]])/;

const efi: LineReader = (line, session) => {
  const arm = EFI_ARM.exec(line.text);
  const x86 = arm ? null : EFI_X86.exec(line.text);
  if (!arm && !x86) return /^efi: |^EFI(?: v|: )/.test(line.text) ? "EFI" : null;
  const kind = (arm ? arm[3]! : x86![1]!).trim();
  const from = Number(arm ? arm[1] : x86![2]);
  const to = Number(arm ? arm[2] : x86![3]) + (x86?.[4] === ")" ? 0 : 1);
  const { boot } = draftOf(session, line).reading;
  if (EFI_USABLE.test(kind)) addRam(boot, "efi", [from, to]);
  else
    boot.reserved.push({
      name: kind.replace(/^\[|\s{2,}.*$/g, ""),
      base: from,
      bytes: to - from,
      flags: ["efi"],
    });
  return "map of the firmware";
};

/** The kernel's tables hold far fewer; a longer list is not searched again for each dump. */
const RESERVED_MOST = 4096;

const MEMBLOCK = /^(memory|reserved)\[0x[0-9a-f]{1,6}\]\s{1,16}\[(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\]/;

const memblock: LineReader = (line, session) => {
  if (/^MEMBLOCK configuration/.test(line.text)) {
    const { boot } = draftOf(session, line).reading;
    if (boot.ramFrom === "memblock") boot.ram = [];
    if (boot.reserved.length < RESERVED_MOST)
      boot.reserved = boot.reserved.filter((r) => !r.flags.includes("memblock"));
    return "memblock";
  }
  const found = MEMBLOCK.exec(line.text);
  if (!found)
    return /^(?:memblock_|memory size = |(?:memory|reserved)\.cnt)/.test(line.text) ? "memblock" : null;
  const { boot } = draftOf(session, line).reading;
  const [from, to] = [Number(found[2]), Number(found[3]) + 1];
  if (found[1] === "memory") addRam(boot, "memblock", [from, to]);
  else boot.reserved.push({ name: null, base: from, bytes: to - from, flags: ["memblock"] });
  return "memblock";
};

const RESERVED: readonly [RegExp, string][] = [
  [/^(?:crashkernel reserved: |Reserving \d{1,9}MB of memory at .{0,40}crashkernel)/, "crashkernel"],
  [/^software IO TLB: mapped /, "software IO TLB"],
  [/^RAMDISK: /, "RAMDISK"],
  [/^(?:Found initrd at |Initial ramdisk at: )/, "RAMDISK"],
];
const SPAN = /(0x[0-9a-f]{1,16}) ?(?:-|:) ?(0x[0-9a-f]{1,16})/;

const reserved: LineReader = (line, session) => {
  const kind = RESERVED.find(([sign]) => sign.test(line.text));
  if (!kind) return null;
  const mem = rangeIn(line.text);
  const span = mem ? null : SPAN.exec(line.text);
  const range = mem ?? (span ? [Number(span[1]), Number(span[2])] : null);
  const { boot } = draftOf(session, line).reading;
  if (range) boot.reserved.push({ name: kind[1], base: range[0]!, bytes: range[1]! - range[0]!, flags: [] });
  return "reserved memory";
};

/** `Memory: 890956K/970752K available (…, 47028K reserved, 32768K cma-reserved, 0K highmem)`; a small k before 3.10. */
const memory: LineReader = (line, session) => {
  const found = /^Memory: (\d{1,15})[kK]\/(\d{1,15})[kK] available(.*)$/.exec(line.text);
  if (!found) return /^Memory: \d{1,9}MB/.test(line.text) ? "memory of the machine" : null;
  const { totals } = draftOf(session, line).reading;
  totals["Memory available"] = Number(found[1]) * KIB;
  totals["Memory total"] = Number(found[2]) * KIB;
  for (const part of found[3]!.split(/[(),]/)) {
    const counter = /^\s?(\d{1,15})[kK] (\S.{0,30})$/.exec(part);
    if (counter) totals[`Memory ${counter[2]}`] = Number(counter[1]) * KIB;
  }
  return "memory of the machine";
};

/** The per-CPU area's size and its number of pages tell the size of a page: s, r and d fill the pages exactly. */
const perCpuArea: LineReader = (line, session) => {
  if (!line.text.includes("Embedded")) return null;
  const found = /Embedded (\d{1,9}) pages\/cpu .{0,24}?s(\d{1,12}) r(\d{1,12}) d(\d{1,12})/.exec(line.text);
  if (!found) return null;
  const bytes = (Number(found[2]) + Number(found[3]) + Number(found[4])) / Number(found[1]);
  if (Number.isInteger(log2(bytes))) session.pageBytes ??= bytes;
  return "boot";
};

const OTHER =
  /^(?:Movable zone start|Initmem setup|On node \d|(?:DMA|DMA32|Normal|HighMem|Movable) zone: \d|Built \d{1,6} zonelists|Policy zone|Total pages|free_area_init_node|pcpu-alloc|mem auto-init|NUMA: |No NUMA|Faking a node|NODE_DATA|ACPI: SRAT|SRAT: |Unknown kernel command line|last_pfn|Virtual kernel memory layout|node \d{1,6}: \[mem|\d{1,9} base pages|PERCPU: )/;

const PROCESSORS: readonly [RegExp, string][] = [
  [/^CPU: ARM/, "arm"],
  [/^Detected \w{3,5} I-cache on CPU\d/, "arm64"],
  [/^Primary instruction cache \d|^CPU0 revision is: /, "mips"],
  [/^(?:riscv: base ISA|SBI specification v)/, "riscv64"],
  [/^setup: Linux is running .{0,40}z\/VM|^setup: .{0,60}LPAR/, "s390x"],
];

const processor: LineReader = (line, session) => {
  const arch = PROCESSORS.find(([sign]) => sign.test(line.text))?.[1];
  if (arch === undefined) return null;
  session.arch ??= arch;
  return "boot";
};

const other: LineReader = (line, session) => {
  if (!OTHER.test(line.text)) return null;
  if (session.boot !== null) draftOf(session, line);
  return "boot";
};

export const BOOT: readonly LineReader[] = [
  version,
  uname,
  machine,
  commandLine,
  zoneRanges,
  nodeRanges,
  e820,
  efi,
  memblock,
  reserved,
  memory,
  perCpuArea,
  processor,
  other,
];
export { addRam };
