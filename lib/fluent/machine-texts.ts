/** Machines from texts that a running system gives: a boot log, /proc/iomem, an e820 map, a device tree. */
import { InputError, quoted } from "../base/errors";
import type { Architecture } from "../hardware/page-geometry";
import type { BootRequest } from "../machine/boot-request";
import { readBootLog } from "../machine/texts/boot-log";
import { readDeviceTree } from "../machine/texts/device-tree";
import { readSource } from "../machine/texts/dts";
import { readE820 } from "../machine/texts/e820";
import { type DeviceTree, isFlattened, readFlattened, type TreeNode } from "../machine/texts/fdt";
import { readIomem } from "../machine/texts/iomem";
import type { MachineReading } from "../machine/texts/reading";
import { MachineDescription } from "./machine";

/** A device tree as people have it: a .dtb as bytes, a .dts as text, or nodes that were read elsewhere. */
export type DeviceTreeIn = Uint8Array | string | TreeNode;

/** What a machine's text says beside the machine: nothing of it changes what is computed. */
export interface MachineTextFacts {
  /** "Machine model:" or "DMI:" of a log, `model` of a device tree; null if the text has none. */
  model: string | null;
  /** The areas that the log's kernel printed, in its order; `base` is null if the line has no place. */
  areas: { name: string; base: number | null; bytes: number }[];
}

/** Options of the readers of a machine's texts. */
export interface MachineTextOptions {
  /** Told in words what was inferred, what the text lacks, and what would bring it. */
  onNote?: (note: string) => void;
  /** Told once what the text says beside the machine: its model, and the areas that its kernel printed. */
  onFacts?: (facts: MachineTextFacts) => void;
  /** Of a text that does not say it. */
  architecture?: Architecture;
  /** The machine's device tree, beside /proc/iomem. */
  deviceTree?: DeviceTreeIn;
  /** Of a .dts that is a file: its name in errors, and what reads the plain files that it takes by /include/. */
  source?: { name: string; include?: (path: string, from: string) => { name: string; text: string } };
}

function described(
  { machine, notes, model, areas }: MachineReading,
  { onNote, onFacts }: MachineTextOptions,
): MachineDescription {
  for (const note of notes) onNote?.(note);
  onFacts?.({ model: model ?? null, areas: areas ?? [] });
  return new MachineDescription(machine as BootRequest);
}

/**
 * The machine of a boot log, pasted from dmesg, journalctl or a mail: its ranges of memory, the regions of its device
 * tree, the kernel's image, the initial RAM disk, the release, the command line and the configured CMA area. Areas are
 * placed again by the kernel's rules, so that another `cma()` or release can be tried.
 * @throws InputError if the log has no ranges of memory
 * @example
 * ```ts
 * import { machineFromBootLog } from "pageblock";
 *
 * const log = `
 * [    0.000000] Linux version 5.5.0-1-arm64 (Debian)
 * [    0.000000] cma: Reserved 64 MiB at 0x000000007c000000
 * [    0.000000] Early memory node ranges
 * [    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]
 * [    0.000000] Memory: 912840K/1048576K available (9980K kernel code, 1758K rwdata, 3684K rodata, 5120K init, 552K bss, 70200K reserved, 65536K cma-reserved)`;
 * machineFromBootLog(log).boot().cma.base === 0x7c000000; // => true
 * ```
 */
export function machineFromBootLog(text: string, options: MachineTextOptions = {}): MachineDescription {
  return described(readBootLog(text), options);
}

/**
 * The machine of `/proc/iomem` as root sees it: System RAM and the kernel's image. With `deviceTree`, regions, initial
 * RAM disk and command line too.
 * @throws InputError if it has no System RAM, or only addresses of 0
 * @example
 * ```ts
 * import { machineFromIomem } from "pageblock";
 *
 * const iomem = `40000000-7fffffff : System RAM
 *   40200000-412fffff : Kernel code
 *   41300000-418fffff : reserved
 *   41900000-41afffff : Kernel data`;
 * machineFromIomem(iomem).boot().memory.length; // => 1
 * ```
 */
export function machineFromIomem(text: string, options: MachineTextOptions = {}): MachineDescription {
  const { deviceTree, architecture } = options;
  if (deviceTree === undefined)
    return described(readIomem(text, architecture ? { architecture } : {}), options);
  const tree = readDeviceTree(treeOf(deviceTree, options.source), options.source?.name);
  const own = architecture ?? (String(tree.machine.board).replace("blank-", "") as Architecture);
  const iomem = readIomem(text, { architecture: own });
  const reserved = [...(iomem.machine.reserved ?? []), ...(tree.machine.reserved ?? [])];
  const machine = { ...tree.machine, ...iomem.machine, ...(reserved.length > 0 && { reserved }) };
  const notes = [...iomem.notes, ...tree.notes.filter((note) => !note.includes("/proc/iomem"))];
  return described({ ...tree, machine, notes }, options);
}

/**
 * The machine of an e820 map, as a PC's kernel prints it: lines such as `BIOS-e820: [mem 0x0-0x9efff] usable`.
 * @throws InputError if it has no usable entry
 * @example
 * ```ts
 * import { machineFromE820 } from "pageblock";
 *
 * const map = `BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
 * BIOS-e820: [mem 0x0000000000100000-0x000000007fffffff] usable`;
 * machineFromE820(map).boot().zones.map((z) => z.name); // => ["DMA", "DMA32"]
 * ```
 */
export function machineFromE820(text: string, options: MachineTextOptions = {}): MachineDescription {
  return described(readE820(text), options);
}

/**
 * The machine of a device tree: the bytes of a .dtb (or of /sys/firmware/fdt), or the text of a .dts as dtc writes it.
 * Best the tree of the running machine, since boot loaders fill in memory and the initial RAM disk.
 * @throws InputError with the byte or the line of what is wrong, for macros of the preprocessor with the command that
 * resolves them, and if the tree states no memory
 * @example
 * ```ts
 * import { machineFromDeviceTree } from "pageblock";
 *
 * const tree = `/dts-v1/;
 * / {
 *   #address-cells = <2>;
 *   #size-cells = <2>;
 *   memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x40000000>; };
 *   reserved-memory {
 *     #address-cells = <2>;
 *     #size-cells = <2>;
 *     linux,cma {
 *       compatible = "shared-dma-pool";
 *       reusable;
 *       size = <0x0 0x8000000>;
 *       linux,cma-default;
 *     };
 *   };
 * };`;
 * machineFromDeviceTree(tree).boot().cma.reservedBytes; // => 134217728
 * ```
 */
export function machineFromDeviceTree(
  tree: DeviceTreeIn,
  options: MachineTextOptions = {},
): MachineDescription {
  return described(readDeviceTree(treeOf(tree, options.source), options.source?.name), options);
}

function treeOf(
  given: DeviceTreeIn,
  { name, include }: Partial<NonNullable<MachineTextOptions["source"]>> = {},
): DeviceTree {
  if (typeof given === "string") {
    if (!/[{;]/.test(given))
      throw new InputError(
        `device tree: must be the text or the bytes of a file, not its name: got ${quoted(given)}: use readFileSync()`,
      );
    return readSource(given, name, include);
  }
  if (given instanceof Uint8Array)
    return isFlattened(given)
      ? readFlattened(given, name)
      : readSource(Buffer.from(given).toString("utf8"), name, include);
  if (typeof given === "object" && given !== null && given.properties instanceof Map)
    return { root: given, reserved: [] };
  throw new InputError("device tree: must be the bytes of a .dtb, the text of a .dts, or a tree of nodes");
}
