/**
 * The machine of a device tree: memory, reserved-memory, /memreserve/, the initial RAM disk and the command line of
 * /chosen, processors, and how far every device reaches. Documentation/devicetree/bindings/reserved-memory; of_dma_get_max_cpu_address().
 */
import { InputError } from "../../base/errors";
import type { Architecture } from "../../hardware/page-geometry";
import { shown } from "../../schema/place";
import type { AddressRange, RegionRequest } from "../board-fields";
import type { BootRequest } from "../boot-request";
import { machineOfCommandLine } from "./command-line";
import type { DeviceTree, TreeNode } from "./fdt";
import { type MachineReading, merged } from "./reading";

/** The machine of a tree. Throws InputError if it states no memory. */
export function readDeviceTree({ root, reserved }: DeviceTree, what = "device tree"): MachineReading {
  const notes: string[] = [];
  const architecture = architectureOf(root);
  const cells = cellsOf(root);
  const memory = root.children.filter((n) => stringsOf(n, "device_type").includes("memory"));
  const ram = merged(memory.flatMap((n) => pairs(n, "reg", cells, what)).filter((r) => r.bytes > 0));
  if (ram.length === 0)
    throw new InputError(
      `${what}: no memory node with a size: boot loaders fill it in, so take the tree of the running machine, /sys/firmware/fdt`,
    );
  const regions = childrenOf(root, "reserved-memory").flatMap((n) =>
    n.children.filter(isAvailable).flatMap((child) => regionOf(child, cellsOf(n), what, notes)),
  );
  const chosen = root.children.find((n) => n.name === "chosen");
  const initrd = chosen === undefined ? undefined : initrdOf(chosen);
  const bits = dmaBitsOf(root);
  const cpus = childrenOf(root, "cpus").flatMap((n) => n.children.filter((c) => /^cpu@/.test(c.name))).length;
  const kept = reserved.map(({ base, bytes }) => ({
    name: "/memreserve/",
    base: numberOf(base, what),
    bytes: numberOf(bytes, what),
  }));
  if (chosen === undefined || initrd === undefined)
    notes.push("no initial RAM disk in /chosen: where there is one, state it (initrd)");
  notes.push("place and size of the kernel's image are those of a usual build: /proc/iomem has them");
  const machine: Partial<BootRequest> = {
    board: `blank-${architecture}`,
    ram,
    ...(kept.length > 0 && { reserved: kept }),
    ...(regions.length > 0 && { deviceTree: regions }),
    ...(initrd && { initrd }),
    ...(cpus > 0 && { cpus: Math.min(cpus, 1024) }),
    ...(bits !== undefined && { dmaBits: bits }),
    ...machineOfCommandLine(chosen === undefined ? "" : (stringsOf(chosen, "bootargs")[0] ?? ""), notes),
  };
  const model = stringsOf(root, "model")[0] || stringsOf(root, "compatible")[0];
  return { machine, notes, ...(model && { model: model.slice(0, 120) }) };
}

interface Cells {
  address: number;
  size: number;
}

/** #address-cells and #size-cells; 2 and 1 where a node states none. */
function cellsOf(node: TreeNode): Cells {
  const value = (name: string, usual: number) => {
    const bytes = node.properties.get(name);
    return bytes?.length === 4 ? Math.min(4, Number(integerOf(bytes, 0, 1))) : usual;
  };
  return { address: value("#address-cells", 2), size: value("#size-cells", 1) };
}

function integerOf(bytes: Uint8Array, cell: number, cells: number): bigint {
  let value = 0n;
  for (let i = cell * 4; i < (cell + cells) * 4; i++) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}

function numberOf(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new InputError(`${what}: addresses must be below 2^53: got 0x${value.toString(16)}`);
  return Number(value);
}

/** Address and size pairs of a property. */
function pairs(node: TreeNode, property: string, cells: Cells, what: string): AddressRange[] {
  const bytes = node.properties.get(property) ?? new Uint8Array();
  const each = cells.address + cells.size;
  if (each === 0 || bytes.length % (each * 4) !== 0)
    throw new InputError(
      `${what}: ${shown(node.name)}: ${property} must have pairs of ${cells.address} and ${cells.size} cells: got ${bytes.length} bytes`,
    );
  return Array.from({ length: Math.min(bytes.length / (each * 4), 1024) }, (_, i) => ({
    base: numberOf(integerOf(bytes, i * each, cells.address), what),
    bytes: numberOf(integerOf(bytes, i * each + cells.address, cells.size), what),
  }));
}

/** A number in one property, of as many cells as it has. */
function numberIn(node: TreeNode, property: string, what: string): number | undefined {
  const bytes = node.properties.get(property);
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 8)) return undefined;
  return numberOf(integerOf(bytes, 0, bytes.length / 4), what);
}

function stringsOf(node: TreeNode, property: string): string[] {
  const bytes = node.properties.get(property);
  return bytes === undefined ? [] : Buffer.from(bytes).toString("latin1").replace(/\0+$/, "").split("\0");
}

function childrenOf(root: TreeNode, name: string): TreeNode[] {
  return root.children.filter((n) => n.name === name);
}

function isAvailable(node: TreeNode): boolean {
  const [status = "okay"] = stringsOf(node, "status");
  return status === "okay" || status === "ok";
}

/** One region; a `reg` of several ranges reserves each, and only the first can be a pool. */
function regionOf(node: TreeNode, cells: Cells, what: string, notes: string[]): RegionRequest[] {
  const has = (property: string) => node.properties.has(property);
  const names = stringsOf(node, "compatible");
  const compatible = names.includes("shared-dma-pool") ? "shared-dma-pool" : (names[0] ?? "");
  const common = {
    name: node.name.slice(0, 64),
    reusable: has("reusable"),
    noMap: has("no-map"),
    cmaDefault: has("linux,cma-default"),
    ...(compatible !== "" && { compatible: compatible.slice(0, 64) }),
  };
  if (has("reg"))
    return pairs(node, "reg", cells, what)
      .filter((r) => r.bytes > 0)
      .map((r, i) => ({ ...common, ...r, ...(i > 0 && { reusable: false, compatible: "none" }) }));
  const bytes = numberIn(node, "size", what);
  if (bytes === undefined || bytes === 0) {
    notes.push(`${shown(node.name)}: neither reg nor size: left out, as the kernel does`);
    return [];
  }
  const alignment = numberIn(node, "alignment", what);
  const allocRanges = has("alloc-ranges") ? pairs(node, "alloc-ranges", cells, what) : undefined;
  return [{ ...common, bytes, ...(alignment && { alignment }), ...(allocRanges && { allocRanges }) }];
}

function initrdOf(chosen: TreeNode): AddressRange | undefined {
  const start = numberIn(chosen, "linux,initrd-start", "initrd");
  const end = numberIn(chosen, "linux,initrd-end", "initrd");
  if (start === undefined || end === undefined || end <= start) return undefined;
  return { base: start, bytes: end - start };
}

/** The least end of memory that the dma-ranges of a bus reach, as address bits; undefined if none limits. */
function dmaBitsOf(root: TreeNode): number | undefined {
  let least: bigint | undefined;
  const visit = (node: TreeNode, parent: Cells) => {
    const own = cellsOf(node);
    const bytes = node.properties.get("dma-ranges");
    const each = own.address + parent.address + own.size;
    if (bytes !== undefined && bytes.length > 0 && bytes.length % (each * 4) === 0) {
      let end = 0n;
      for (let i = 0; i < bytes.length / 4; i += each) {
        const cpu = integerOf(bytes, i + own.address, parent.address);
        const last = cpu + integerOf(bytes, i + own.address + parent.address, own.size) - 1n;
        if (last > end) end = last;
      }
      if (least === undefined || end < least) least = end;
    }
    for (const child of node.children) visit(child, own);
  };
  for (const child of root.children) visit(child, cellsOf(root));
  return least === undefined ? undefined : Math.min(64, Math.max(24, least.toString(2).length));
}

function architectureOf(root: TreeNode): Architecture {
  const cpus = childrenOf(root, "cpus").flatMap((n) => n.children);
  const compatible = cpus.flatMap((n) => stringsOf(n, "compatible")).join(" ");
  if (/riscv|sifive,|starfive,|thead,/.test(compatible)) return "riscv64";
  if (/\bmips,|mti,|ingenic,|brcm,bmips/.test(compatible)) return "mips";
  if (/PowerPC|ibm,|fsl,e[56]500/.test(compatible)) return "ppc64";
  if (/arm,cortex-a(5|7|8|9|12|15|17)\b|arm,arm(9|11)|marvell,sheeva|qcom,krait/.test(compatible))
    return "arm";
  return "arm64";
}
