/**
 * The engine under test, loaded from a folder: our own `lib`, or a copy of it with a planted defect.
 */
import { join, resolve } from "node:path";

export const LIB = resolve(__dirname, "../../lib");

export function loadEngine(lib = LIB) {
  const load = (name: string): unknown => require(join(lib, "mm", `${name}.ts`));
  return {
    ...(load("boot/boot-memory") as typeof import("../../lib/mm/boot/boot-memory")),
    ...(load("allocation/page-alloc") as typeof import("../../lib/mm/allocation/page-alloc")),
    ...(load("allocation/drain-cpus") as typeof import("../../lib/mm/allocation/drain-cpus")),
    ...(load("allocation/pcp-free") as typeof import("../../lib/mm/allocation/pcp-free")),
    ...(load("allocation/highatomic") as typeof import("../../lib/mm/allocation/highatomic")),
    ...(load("allocation/isolate-free-page") as typeof import("../../lib/mm/allocation/isolate-free-page")),
    ...(load("allocation/free-one-page") as typeof import("../../lib/mm/allocation/free-one-page")),
    ...(load("state/free-area") as typeof import("../../lib/mm/state/free-area")),
    ...(load("state/vmstat") as typeof import("../../lib/mm/state/vmstat")),
    ...(load("compaction/compaction") as typeof import("../../lib/mm/compaction/compaction")),
    ...(load("contiguous/contig-pages") as typeof import("../../lib/mm/contiguous/contig-pages")),
    ...(load("contiguous/contig-range") as typeof import("../../lib/mm/contiguous/contig-range")),
    ...(load("contiguous/cma-area") as typeof import("../../lib/mm/contiguous/cma-area")),
    ...(load("contiguous/migrate") as typeof import("../../lib/mm/contiguous/migrate")),
    ...(load("reports/validate") as typeof import("../../lib/mm/reports/validate")),
  };
}

export type Engine = ReturnType<typeof loadEngine>;
