/** The tables of docs/hardware.md, made of the data and the models. */
import { formatSize, GiB, KiB, MiB } from "../../lib/base/units";
import type { AccessPattern } from "../../lib/hardware/access-pattern";
import { LOCKABLE_CACHE_NAMES, LOCKABLE_CACHES, lockedRegion } from "../../lib/hardware/cache-ways";
import { tlbCurve, tlbReach } from "../../lib/hardware/cpu-tlb";
import { CPU_TLB_NAMES, CPU_TLBS } from "../../lib/hardware/cpu-tlb-data";
import { DMA_DEVICE_NAMES, DMA_DEVICES, DMA_PLATFORMS, zoneLimit } from "../../lib/hardware/dma-limits";
import { registerRegion } from "../../lib/hardware/rdma-adapter";
import { RDMA_ADAPTER_NAMES, RDMA_ADAPTERS } from "../../lib/hardware/rdma-adapter-data";
import { adapterCurve } from "../../lib/hardware/rdma-translation-cache";
import type { Sourced } from "../../lib/hardware/sourced";

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** 1234567 → 1,234,567, without the host's locale. */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** One row for each figure that differs, with the parts it holds for. */
function figures<T extends { title: string }>(parts: readonly T[]): string {
  const rows = new Map<string, { figure: string; titles: string[]; sourced: Sourced }>();
  for (const part of parts)
    for (const [figure, value] of Object.entries<unknown>(part as Record<string, unknown>)) {
      if (typeof value !== "object" || value === null || !("value" in value)) continue;
      const sourced = value as Sourced;
      const key = `${figure} ${sourced.value} ${sourced.source}`;
      const row = rows.get(key);
      if (row === undefined) rows.set(key, { figure, titles: [part.title], sourced });
      else row.titles.push(part.title);
    }
  const order = [...new Set([...rows.values()].map((r) => r.figure))];
  const sorted = [...rows.values()].sort((a, b) => order.indexOf(a.figure) - order.indexOf(b.figure));
  return table(
    ["figure", "value", "of", "source"],
    sorted.map(({ figure, titles, sourced }) => [
      `\`${figure}\``,
      figure.endsWith("Bytes") ? formatSize(sourced.value) : grouped(sourced.value),
      titles.length === parts.length ? "all" : titles.join(", "),
      sourced.source,
    ]),
  );
}

function entries(): string {
  const rows = [4 * KiB, 64 * KiB, 2 * MiB, GiB, 2 * GiB].map((size) => {
    const pieces = Array.from({ length: (2 * GiB) / size }, (_, i) => ({
      physicalAddress: (1 + 2 * i) * size,
      bytes: size,
    }));
    const region = registerRegion(RDMA_ADAPTERS["connectx-4"], pieces, 2 * GiB);
    if (!region.ok) throw new Error(region.reason);
    return [
      formatSize(size),
      formatSize(region.pageBytes),
      grouped(region.entries),
      formatSize(region.mttBytes),
    ];
  });
  return table(["2 GiB in separate pieces of", "page the adapter takes", "entries", "bytes of table"], rows);
}

function adapters(): string {
  const pages = [4 * KiB, 2 * MiB, GiB, 2 * GiB];
  const rows = RDMA_ADAPTER_NAMES.map((name) => {
    const curve = adapterCurve(name, pages, [64 * GiB], "uniform", { warmup: 100_000, operations: 100_000 });
    return [
      RDMA_ADAPTERS[name].title,
      ...pages.map(
        (_, i) =>
          `${(curve.operationsPerSecond[i]! / 1e6).toFixed(1)} (${(100 * curve.hitRate[i]!).toFixed(1)} %)`,
      ),
    ];
  });
  return table(["adapter", ...pages.map(formatSize)], rows);
}

function arrays(): string {
  const rows = CPU_TLB_NAMES.flatMap((name) =>
    (["l1", "l2"] as const).flatMap((level) =>
      CPU_TLBS[name][level].map((array) => [
        CPU_TLBS[name].title,
        level === "l1" ? "first" : "second",
        grouped(array.entries),
        String(array.ways),
        Object.entries(array.holds)
          .map(([page, granule]) =>
            Number(page) === granule
              ? formatSize(granule)
              : `${formatSize(Number(page))} as ${formatSize(granule)}`,
          )
          .join(", "),
        array.source,
      ]),
    ),
  );
  return table(["core", "level", "entries", "ways", "pages", "source"], rows);
}

const HOT: AccessPattern = { kind: "hot", share: 0.95, blocks: 24, blockBytes: 2 * MiB };
const STREAMS: AccessPattern = { kind: "scan", strideBytes: 64, streams: 8 };

function pagesCompared(): string {
  const pages = [2 * MiB, GiB];
  const few = { warmup: 60_000, accesses: 60_000 };
  const rows = CPU_TLB_NAMES.map((name) => [
    CPU_TLBS[name].title,
    formatSize(Math.max(...Object.values(tlbReach(name, GiB)))),
    ...([{ kind: "uniform" }, HOT, STREAMS] as AccessPattern[]).map((pattern) => {
      const { nsPerAccess, walkRate } = tlbCurve(name, pages, [64 * GiB], pattern, few);
      return pages
        .map((_, i) => `${nsPerAccess[i]!.toFixed(2)} (${(100 * walkRate[i]!).toFixed(0)} %)`)
        .join(" / ");
    }),
  ]);
  return table(
    [
      "core",
      "reach in 1 GiB pages",
      "uniform: 2 MiB / 1 GiB",
      "hot: 2 MiB / 1 GiB",
      "8 streams: 2 MiB / 1 GiB",
    ],
    rows,
  );
}

function caches(): string {
  const rows = LOCKABLE_CACHE_NAMES.map((name) => {
    const part = LOCKABLE_CACHES[name];
    const least = lockedRegion(name, part.minimumBits.value);
    let most = 0;
    for (let bits = part.minimumBits.value; bits < part.maskBits.value; bits++) {
      const region = lockedRegion(name, bits);
      if (region.bytes <= region.kmallocMaxBytes) most = bits;
    }
    return [
      part.title,
      `L${part.level}, ${formatSize(part.cacheBytes.value)}, ${part.maskBits.value} bits`,
      formatSize(least.bitBytes),
      `${formatSize(least.bytes)}, kzalloc takes ${formatSize(least.kmallocBytes)}`,
      most === 0
        ? "none"
        : `${most} ${most === 1 ? "bit" : "bits"}, ${formatSize(lockedRegion(name, most).bytes)}`,
      part.validated ? "yes" : "no",
      `${part.cacheBytes.source}; ${part.maskBits.source}`,
    ];
  });
  return table(
    ["part", "cache", "one bit", "smallest region", "largest within 4 MiB", "validated", "source"],
    rows,
  );
}

function dma(): string {
  const rows = DMA_DEVICE_NAMES.map((name) => [
    DMA_DEVICES[name].title,
    String(DMA_DEVICES[name].maskBits.value),
    ...Object.values(DMA_PLATFORMS).map((platform) => zoneLimit(name, platform).zone),
    DMA_DEVICES[name].maskBits.source,
  ]);
  return table(["device", "mask bits", ...Object.keys(DMA_PLATFORMS), "source"], rows);
}

/** Tables by the name in their marker. */
export const HARDWARE_TABLES: Record<string, () => string> = {
  entries,
  adapters,
  "adapter-figures": () => figures(RDMA_ADAPTER_NAMES.map((name) => RDMA_ADAPTERS[name])),
  arrays,
  "pages-compared": pagesCompared,
  "core-figures": () => figures(CPU_TLB_NAMES.map((name) => CPU_TLBS[name])),
  caches,
  dma,
};
