/** `/proc/iomem`: memory, the kernel's image, and what firmware keeps. */
import { InputError } from "../../base/errors";
import { largestOf, leastOf } from "../../base/extremes";
import type { Architecture } from "../../hardware/page-geometry";
import type { AddressRange } from "../board-fields";
import { hexNumber, linesOf, type MachineReading, merged } from "./reading";

interface Entry extends AddressRange {
  depth: number;
  name: string;
}

const LINE = /^( {0,40})([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.{1,200})$/i;
/** Devices of a PC, and words that only arch/x86/kernel/e820.c writes. */
const PC =
  /ACPI Tables|ACPI Non-volatile Storage|Local APIC|PCI Bus 0000:00|IOAPIC|HPET|^Reserved$|^RAM buffer$|^(?:Video|System|Adapter) ROM$|^Unknown E820 type$/;

function entriesOf(text: string, what: string): Entry[] {
  return linesOf(text, what).flatMap((line, i) => {
    const [, indent, first, last, name] = LINE.exec(line) ?? [];
    if (first === undefined) return [];
    const base = hexNumber(first, `${what}:${i + 1}`);
    const end = hexNumber(last!, `${what}:${i + 1}`);
    if (end < base) throw new InputError(`${what}:${i + 1}: a range must end after its first address`);
    return [{ depth: indent!.length / 2, base, bytes: end + 1 - base, name: name! }];
  });
}

/** What the text itself does not say. */
export interface IomemOptions {
  /** Default: x86-64 if the text has a PC's devices, otherwise arm64. */
  architecture?: Architecture;
}

/**
 * The machine of `/proc/iomem`. Throws InputError if there is no System RAM, and if all addresses are 0, as everybody but
 * root sees them.
 */
export function readIomem(text: string, options: IomemOptions = {}, what = "iomem"): MachineReading {
  const entries = entriesOf(text, what);
  const ramLines = entries.filter((e) => e.depth === 0 && e.name === "System RAM");
  if (entries.length > 1 && entries.every((e) => e.base === 0 && e.bytes === 1))
    throw new InputError(`${what}: every address is 0: only root sees them: sudo cat /proc/iomem`);
  if (ramLines.length === 0)
    throw new InputError(`${what}: no line such as "40000000-7fffffff : System RAM"`);
  const notes: string[] = [];
  const architecture = options.architecture ?? architectureOf(entries, ramLines, notes);
  // On arm64, arm and RISC-V a reserved entry beside System RAM is memory that is never mapped; on a PC it is none.
  const ofFirmware =
    architecture === "x86-64"
      ? []
      : touching(
          entries.filter((e) => e.depth === 0 && e.name === "reserved"),
          ramLines,
        );
  const ram = merged([...ramLines, ...ofFirmware]);
  const image = imageOf(entries);
  if (image === undefined)
    notes.push("no kernel image in the text: its place and size are those of a usual build");
  notes.push(
    "reserved ranges within System RAM are the kernel's own after boot: they are left out; a device tree says what was asked for",
  );
  return {
    machine: {
      board: `blank-${architecture}`,
      ram,
      reserved: ofFirmware.map(({ base, bytes }) => ({ name: "firmware (no-map)", base, bytes })),
      ...(image && { kernelImage: image }),
    },
    notes,
  };
}

/** Where a PC keeps a hole, from the 640th KiB to the first MiB. */
const PC_HOLE = { base: 0xa0000, end: 0x100000 };

function architectureOf(
  entries: readonly Entry[],
  ram: readonly AddressRange[],
  notes: string[],
): Architecture {
  const state = "state it if it is another (architecture)";
  if (entries.some((e) => PC.test(e.name))) {
    notes.push(`architecture: x86-64, by the entries of a PC; ${state}`);
    return "x86-64";
  }
  const below = ram.some((r) => r.base < PC_HOLE.base && r.base + r.bytes <= PC_HOLE.base);
  if (below && ram.some((r) => r.base === PC_HOLE.end)) {
    notes.push(`architecture: x86-64, by the hole of a PC below 1 MiB; ${state}`);
    return "x86-64";
  }
  notes.push(`architecture: arm64 is assumed, as nothing in the text tells; ${state}`);
  return "arm64";
}

function touching(entries: readonly Entry[], ram: readonly AddressRange[]): Entry[] {
  const bases = new Set(ram.map((r) => r.base));
  const ends = new Set(ram.map((r) => r.base + r.bytes));
  return entries.filter((e) => ends.has(e.base) || bases.has(e.base + e.bytes));
}

/** From the first byte of code to the last of bss; what is between code and data is read-only data and init. */
function imageOf(entries: readonly Entry[]): (AddressRange & { initBytes: number }) | undefined {
  const parts = entries.filter((e) => /^Kernel (code|rodata|data|bss)$/.test(e.name));
  if (parts.length === 0) return undefined;
  const base = leastOf(parts.map((e) => e.base));
  const end = largestOf(parts.map((e) => e.base + e.bytes));
  const gaps = end - base - parts.reduce((sum, e) => sum + e.bytes, 0);
  return { base, bytes: end - base, initBytes: Math.max(0, gaps) };
}
