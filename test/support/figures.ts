/** Figures of every kind our builders make, for tests and for looking at. */
import { bars } from "../../lib/chart/bars";
import { cellTable } from "../../lib/chart/cell-table";
import type { Figure } from "../../lib/chart/figure";
import { lines } from "../../lib/chart/lines";
import { memoryMap } from "../../lib/chart/memory-map";

const MiB = 2 ** 20;
const GiB = 2 ** 30;

export const GALLERY: Record<string, Figure> = {
  bars: bars({
    title: "Bars",
    subtitle: "two series, logarithmic",
    xTitle: "page size",
    yTitle: "page block (MiB)",
    categories: ["4 KiB", "16 KiB", "64 KiB"],
    log: true,
    series: [
      { name: "one", values: [2, 32, 512], labels: ["2 MiB", "32 MiB", "512 MiB"] },
      { name: "two", values: [4, null, 512] },
    ],
  }),
  lines: lines({
    title: "Lines",
    xTitle: "memory (GiB)",
    yTitle: "share (%)",
    series: [
      { name: "falling", x: [1, 2, 4, 8], y: [100, 50, 25, 12.5] },
      { name: "with a gap", x: [1, 2, 4, 8], y: [null, 3, 2, 1], step: true },
    ],
  }),
  table: cellTable({
    title: "Cells",
    xTitle: "cma=",
    rows: ["1 GiB", "2 GiB"],
    columns: ["16M", "64M", "512M"],
    shareTitle: "of the machine",
    cells: [
      [
        { text: "fails", share: null, hover: "why" },
        { text: "512 MiB", share: 0.5 },
        { text: "512 MiB", share: 0.5 },
      ],
      [
        { text: "512 MiB", share: 0.25 },
        { text: "512 MiB", share: 0.25 },
        { text: "1 GiB", share: 1 },
      ],
    ],
  }),
  map64K: memoryMap({
    title: "One GiB in page blocks of 512 MiB",
    pageblockBytes: 512 * MiB,
    extents: [
      { base: 0, bytes: 960 * MiB, kind: "free" },
      { base: 2 * MiB, bytes: 30 * MiB, kind: "kernel" },
      { base: 128 * MiB, bytes: 300_000, kind: "reserved", label: "initrd" },
      { base: 512 * MiB, bytes: 256 * MiB, kind: "cma" },
    ],
  }),
  map4K: memoryMap({
    title: "Two GiB in page blocks of 2 MiB",
    pageblockBytes: 2 * MiB,
    extents: [
      { base: GiB, bytes: 2 * GiB, kind: "free" },
      { base: GiB + 2 * MiB, bytes: 30 * MiB, kind: "kernel" },
      { base: 3 * GiB - 128 * MiB, bytes: 64 * MiB, kind: "cma" },
    ],
  }),
  mapTiB: memoryMap({
    title: "One TiB with a hole",
    pageblockBytes: 2 * MiB,
    extents: [
      { base: 0, bytes: 3 * GiB, kind: "free" },
      { base: 4 * GiB, bytes: 1021 * GiB, kind: "free" },
      { base: 2 * MiB, bytes: 30 * MiB, kind: "kernel" },
    ],
  }),
};
