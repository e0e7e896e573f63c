/**
 * The physical addresses that a device can reach, and the zone from which the kernel takes memory for it. Kernel 6.1,
 * kernel/dma/direct.c: dma_direct_optimal_gfp_mask() (the zone), dma_direct_supported() (a mask that is too small),
 * dma_capable() in include/linux/dma-direct.h (a range above the mask). No IOMMU, no offset between bus and physical
 * addresses.
 */
import { InputError, unknownName } from "../base/errors";
import { hex } from "../base/units";
import type { Sourced } from "./sourced";

export interface DmaDevice {
  title: string;
  /** Address bits of the device's DMA mask, 1 to 64. */
  maskBits: Sourced;
}

export const DMA_DEVICES = {
  connectx: {
    title: "ConnectX adapter",
    maskBits: { value: 64, source: "mlx4 and mlx5 set a 64-bit mask first [M]" },
  },
  "pci-32": {
    title: "32-bit PCI device",
    maskBits: {
      value: 32,
      source: "the mask of a device whose driver sets none (Documentation/core-api/dma-api-howto.rst) [M]",
    },
  },
  "raspberry-pi-4": {
    title: "Raspberry Pi 4 peripheral",
    maskBits: { value: 30, source: "BCM2711: dma-ranges of the legacy bus cover the first GiB [M]" },
  },
  isa: { title: "ISA device", maskBits: { value: 24, source: "24 address lines: the first 16 MiB [M]" } },
} as const satisfies Record<string, DmaDevice>;

export type DmaDeviceName = keyof typeof DMA_DEVICES;
export const DMA_DEVICE_NAMES = Object.keys(DMA_DEVICES) as DmaDeviceName[];

/** How a kernel divides low memory. */
export interface DmaPlatform {
  /** Address bits of ZONE_DMA: 24 on x86-64; on arm64 the bits that all devices reach, at most 32 (Board.dmaBits). */
  zoneDmaBits: number;
  /** Whether there is a ZONE_DMA32. */
  hasDma32: boolean;
  /** Source of the figures. */
  source?: string;
}

export const DMA_PLATFORMS = {
  "x86-64": {
    zoneDmaBits: 24,
    hasDma32: true,
    source: "zone_dma_bits 24, the default (kernel/dma/direct.c, 6.1)",
  },
  arm64: {
    zoneDmaBits: 32,
    hasDma32: true,
    source:
      "zone_sizes_init() (arch/arm64/mm/init.c, 6.1): at most 32, less where device tree or ACPI say so",
  },
  "raspberry-pi-4": {
    zoneDmaBits: 30,
    hasDma32: true,
    source: "dma-ranges of the device tree: the first GiB [M]; seen in boot logs (docs/boards.md) [P]",
  },
} as const satisfies Record<string, DmaPlatform>;

/**
 * The highest zone from which the kernel takes memory for a device, and the end of that zone if RAM starts below it.
 */
export interface ZoneLimit {
  zone: "DMA" | "DMA32" | "Normal";
  /**
   * The address after the zone; Infinity for Normal. A smaller mask still excludes addresses above it (rangeProblem).
   */
  endAddress: number;
}

/**
 * The zone of the device's allocations: "optimistically the zone that the mask falls into". Throws InputError for a bad mask.
 * @example
 * ```ts
 * import { DMA_PLATFORMS, zoneLimit } from "pageblock";
 *
 * zoneLimit("pci-32", DMA_PLATFORMS["x86-64"]); // => { zone: "DMA32", endAddress: 2 ** 32 }
 * ```
 */
export function zoneLimit(device: DmaDeviceName | DmaDevice, platform: DmaPlatform): ZoneLimit {
  const bits = maskBitsOf(device);
  if (bits <= platform.zoneDmaBits) return { zone: "DMA", endAddress: 2 ** platform.zoneDmaBits };
  if (bits <= 32 && platform.hasDma32) return { zone: "DMA32", endAddress: 2 ** 32 };
  return { zone: "Normal", endAddress: Number.POSITIVE_INFINITY };
}

/**
 * Why a kernel with `memoryEnd` (the address after the last byte of RAM) refuses the device's mask, or undefined if
 * it accepts it: below 32 bits, a mask must reach the end of ZONE_DMA or of all memory.
 * @example
 * ```ts
 * import { DMA_PLATFORMS, maskProblem } from "pageblock";
 *
 * maskProblem("isa", DMA_PLATFORMS["x86-64"], 2 ** 32); // => undefined
 * typeof maskProblem("isa", DMA_PLATFORMS.arm64, 2 ** 32); // => "string"
 * ```
 */
export function maskProblem(
  device: DmaDeviceName | DmaDevice,
  platform: DmaPlatform,
  memoryEnd: number,
): string | undefined {
  const bits = maskBitsOf(device);
  checkWhole("end of memory", memoryEnd, 1);
  if (bits >= 32) return undefined;
  const needed = Math.min(memoryEnd, 2 ** platform.zoneDmaBits);
  if (2 ** bits >= needed) return undefined;
  return `${titleOf(device)}: a mask of ${bits} bits ends at ${hex(2 ** bits)}, below the end of ZONE_DMA at ${hex(needed)}: dma_set_mask() returns -EIO`;
}

/** A physical range that a device must reach. */
export interface PhysicalSpan {
  physicalAddress: number;
  bytes: number;
}

/**
 * Why the device cannot reach the whole range, or undefined if it can. Throws InputError for a range outside 2^53.
 * @example
 * ```ts
 * import { rangeProblem } from "pageblock";
 *
 * rangeProblem("pci-32", { physicalAddress: 2 ** 30, bytes: 4096 }); // => undefined
 * typeof rangeProblem("pci-32", { physicalAddress: 2 ** 32, bytes: 4096 }); // => "string"
 * ```
 */
export function rangeProblem(device: DmaDeviceName | DmaDevice, range: PhysicalSpan): string | undefined {
  const bits = maskBitsOf(device);
  checkWhole("physical address", range.physicalAddress, 0);
  checkWhole("bytes", range.bytes, 1);
  const last = range.physicalAddress + range.bytes - 1;
  checkWhole("last address", last, 0);
  if (last < 2 ** bits) return undefined;
  return `${titleOf(device)}: addresses ${hex(range.physicalAddress)} to ${hex(last)} lie above its ${bits}-bit DMA mask ${hex(2 ** bits - 1)}: dma_capable() is false; without an IOMMU the mapping bounces through swiotlb (at most 256 KiB) or fails`;
}

function toDevice(device: DmaDeviceName | DmaDevice): DmaDevice {
  if (typeof device !== "string") return device;
  if (!Object.hasOwn(DMA_DEVICES, device)) throw unknownName("DMA device", device, DMA_DEVICE_NAMES);
  return DMA_DEVICES[device];
}

function titleOf(device: DmaDeviceName | DmaDevice): string {
  return toDevice(device).title;
}

function maskBitsOf(device: DmaDeviceName | DmaDevice): number {
  const { title, maskBits } = toDevice(device);
  if (!Number.isSafeInteger(maskBits.value) || maskBits.value < 1 || maskBits.value > 64)
    throw new InputError(`dma: mask of ${title} must have 1 to 64 bits: got ${maskBits.value}`);
  return maskBits.value;
}

function checkWhole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new InputError(`dma: ${what} must be a whole number from ${least} to 2^53: got ${value}`);
}
