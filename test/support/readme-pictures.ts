/** The pictures of README.md: real charts, drawn by the tree. `UPDATE_PICTURES=1 node test/run.mjs docs/pictures` draws them anew. */
import { join } from "node:path";
import { SIZES } from "../../lib/bench";
import { type Entry, readPerformance } from "../../lib/bench/performance";
import { cmaTable, lines, pageblockMap } from "../../lib/chart";
import { machine } from "../../lib/fluent/machine";
import { staticSvg } from "../../lib/report/svg/static-svg";

const pi3 = (page: string, cma: string) =>
  machine("raspberry-pi-3").pageSize(page).memory("1GiB").cma(cma).kernel("4.17").boot();

/** File name in docs/images → SVG. */
export const PICTURES: Record<string, () => string> = {
  "pi3-64k-map.svg": () =>
    staticSvg(
      pageblockMap(pi3("64 KiB", "64M"), { title: "A Raspberry Pi 3 with pages of 64 KiB: two page blocks" }),
    ),
  "pi3-cma.svg": () =>
    staticSvg(
      cmaTable({
        title: "Raspberry Pi 3, 1 GiB, Linux 4.17: what cma= reserves",
        subtitle: "down: the page size; across: what was asked for",
        rows: ["4 KiB", "64 KiB"],
        columns: ["4M", "16M", "64M", "256M", "512M"],
        boot: pi3,
      }),
    ),
};

/**
 * The cost of an operation by the size of the machine: of every kind of machine its last figures. Null while none has them all.
 * `npm run bench -- --record --sizes` measures them.
 */
export function costByMemory(entries: readonly Entry[]): string | null {
  const sizes = Object.entries(SIZES);
  const series = [...new Set(entries.map((entry) => entry.machine))].flatMap((name) => {
    const own = entries.filter((entry) => entry.machine === name);
    const y = sizes.flatMap(([w]) => own.flatMap(({ figures }) => figures[w]?.cpuNsPerOp ?? []).slice(-1));
    return y.length === sizes.length ? [{ name, x: sizes.map(([, memory]) => memory), y }] : [];
  });
  if (series.length === 0) return null;
  return staticSvg(
    lines({
      title: "Cost of an operation by the size of the machine",
      subtitle: `workload mg; ${series.map((one) => one.name).join("; ")}`,
      xTitle: "memory of the machine",
      yTitle: "CPU time an operation, ns",
      series,
    }),
  );
}

const drawn = costByMemory(readPerformance(join(__dirname, "../../docs/performance.json")).entries);

/** The pictures of docs/benchmarks.md: of what docs/performance.json holds. */
export const BENCHMARK_PICTURES: Record<string, () => string> =
  drawn === null ? {} : { "cost-by-memory.svg": () => drawn };
