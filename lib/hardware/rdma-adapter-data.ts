/**
 * RDMA adapters from the years around 2018, as figures with sources. No vendor documents the size of the translation
 * cache: those figures are modelling choices; vary them (`{ ...RDMA_ADAPTERS["connectx-4"], cacheBytes: … }`).
 */
import { unknownName } from "../base/errors";
import { GiB, KiB, MiB } from "../base/units";
import { CHOICE, type Sourced } from "./sourced";

export interface RdmaAdapter {
  /** Common name. */
  title: string;
  driver: "mlx4" | "mlx5";
  /** Bytes of the smallest and the largest page that one entry can cover. */
  smallestPageBytes: Sourced;
  largestPageBytes: Sourced;
  /**
   * The driver takes the smallest page that still gives the fewest entries (mlx5); otherwise the largest that fits
   * (mlx4).
   */
  shrinksPage: boolean;
  /** Bytes of one translation entry. */
  entryBytes: Sourced;
  /** Bytes of on-chip cache for translation entries, its line, and its ways. */
  cacheBytes: Sourced;
  cacheLineBytes: Sourced;
  cacheWays: Sourced;
  /** Nanoseconds of a miss: one read of host memory over PCIe. */
  missNs: Sourced;
  /** Maximum number of concurrent misses. */
  parallelMisses: Sourced;
  /** Nanoseconds of a small one-sided read between two idle hosts, without misses. */
  roundTripNs: Sourced;
  /** Maximum operations per second that the adapter starts. */
  messagesPerSecond: Sourced;
  /** Bytes per second on the link in one direction. */
  linkBytesPerSecond: Sourced;
}

const FOLKLORE =
  "not documented by the vendor; literature speaks of about 2 MB on chip, shared with queue contexts [M]";
const MLX5_LARGEST =
  "struct mkc has 5 bits for log2(page size): 2^31 (include/linux/mlx5/mlx5_ifc.h, 6.1; 6 bits in 6.19)";
const MLX5_SMALLEST = "MLX5_ADAPTER_PAGE_SHIFT 12 (include/linux/mlx5/device.h, 6.1)";
const ENTRY = "one 64-bit address: struct mlx5_mtt (include/linux/mlx5/qp.h, 6.1); the same on mlx4 [M]";

const COMMON = {
  smallestPageBytes: { value: 4 * KiB, source: MLX5_SMALLEST },
  largestPageBytes: { value: 2 * GiB, source: MLX5_LARGEST },
  shrinksPage: true,
  entryBytes: { value: 8, source: ENTRY },
  cacheLineBytes: { value: 64, source: `${CHOICE}: a cache line of the host, 8 entries` },
  cacheWays: { value: 8, source: `${CHOICE}: undocumented` },
} as const;

const gigabits = (value: number, source: string): Sourced => ({ value: (value * 1e9) / 8, source });

export const RDMA_ADAPTERS = {
  "connectx-3": {
    ...COMMON,
    title: "ConnectX-3",
    driver: "mlx4",
    smallestPageBytes: { value: 4 * KiB, source: "the base page (drivers/infiniband/hw/mlx4/mr.c)" },
    largestPageBytes: { value: 2 * GiB, source: "MLX4_MAX_MTT_SHIFT 31 (drivers/infiniband/hw/mlx4/mr.c)" },
    shrinksPage: false,
    cacheBytes: {
      value: 32 * KiB,
      source: `${CHOICE}: FaRM (NSDI '14) saw its rate fall above about 16 MB registered with 4 KB pages [M]: 4096 entries; ${FOLKLORE}`,
    },
    missNs: { value: 900, source: `${CHOICE}: a PCIe 3.0 read of host memory, 0.6 to 1 µs [M]` },
    parallelMisses: { value: 8, source: `${CHOICE}: undocumented` },
    roundTripNs: { value: 2000, source: `${CHOICE}: about 2 µs for a small read [M]` },
    messagesPerSecond: { value: 35e6, source: "HERD (SIGCOMM '14) measured up to 35 M small writes/s [M]" },
    linkBytesPerSecond: gigabits(54.5, "FDR 4x: 56 Gb/s, 64b/66b coding leaves 54.5 Gb/s [M]"),
  },
  "connectx-4": {
    ...COMMON,
    title: "ConnectX-4",
    driver: "mlx5",
    cacheBytes: { value: 512 * KiB, source: `${CHOICE}: ${FOLKLORE}` },
    missNs: { value: 800, source: `${CHOICE}: a PCIe 3.0 read of host memory, 0.6 to 1 µs [M]` },
    parallelMisses: {
      value: 32,
      source: `${CHOICE}: more than before, as Storm (SYSTOR '19) argues of newer adapters [M]`,
    },
    roundTripNs: { value: 1800, source: `${CHOICE}: below 2 µs [M]` },
    messagesPerSecond: { value: 150e6, source: "vendor's product brief: 150 M messages/s [M]" },
    linkBytesPerSecond: gigabits(100, "EDR 4x: 100 Gb/s of data [P ConnectX-5 manual]"),
  },
  "connectx-5": {
    ...COMMON,
    title: "ConnectX-5",
    driver: "mlx5",
    cacheBytes: { value: MiB, source: `${CHOICE}: ${FOLKLORE}` },
    missNs: { value: 700, source: `${CHOICE}: a PCIe read of host memory, 0.6 to 1 µs [M]` },
    parallelMisses: { value: 64, source: `${CHOICE}: more than ConnectX-4` },
    roundTripNs: { value: 1700, source: `${CHOICE}: below 2 µs [M]` },
    messagesPerSecond: { value: 200e6, source: "vendor's product brief: 200 M messages/s [M]" },
    linkBytesPerSecond: gigabits(100, "EDR 4x: 100 Gb/s of data [P ConnectX-5 manual]"),
  },
  "connectx-6": {
    ...COMMON,
    title: "ConnectX-6",
    driver: "mlx5",
    cacheBytes: { value: 2 * MiB, source: `${CHOICE}: ${FOLKLORE}` },
    missNs: { value: 600, source: `${CHOICE}: a PCIe 4.0 read of host memory, 0.6 to 1 µs [M]` },
    parallelMisses: { value: 128, source: `${CHOICE}: more than ConnectX-5` },
    roundTripNs: { value: 1600, source: `${CHOICE}: below 2 µs [M]` },
    messagesPerSecond: { value: 215e6, source: "vendor's product brief: 215 M messages/s [P]" },
    linkBytesPerSecond: gigabits(200, "200 Gb/s [P ConnectX-6 product brief]"),
  },
} as const satisfies Record<string, RdmaAdapter>;

export type RdmaAdapterName = keyof typeof RDMA_ADAPTERS;
export const RDMA_ADAPTER_NAMES = Object.keys(RDMA_ADAPTERS) as RdmaAdapterName[];

/** Resolves the name of an adapter; an adapter is returned unchanged. Throws InputError for an unknown name. */
export function toAdapter(adapter: RdmaAdapterName | RdmaAdapter): RdmaAdapter {
  if (typeof adapter !== "string") return adapter;
  if (!Object.hasOwn(RDMA_ADAPTERS, adapter)) throw unknownName("RDMA adapter", adapter, RDMA_ADAPTER_NAMES);
  return RDMA_ADAPTERS[adapter];
}
