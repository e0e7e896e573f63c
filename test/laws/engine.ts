/**
 * The engine under test, loaded from a folder: the house's own `lib`, or a copy of it with a defect planted.
 */
import { join, resolve } from "node:path";

export const LIB = resolve(__dirname, "../../lib");

export function loadEngine(lib = LIB) {
  const load = (name: string): unknown => require(join(lib, "mm", `${name}.ts`));
  return {
    ...(load("boot-memory") as typeof import("../../lib/mm/boot-memory")),
    ...(load("page-alloc") as typeof import("../../lib/mm/page-alloc")),
    ...(load("pcp-free") as typeof import("../../lib/mm/pcp-free")),
    ...(load("highatomic") as typeof import("../../lib/mm/highatomic")),
    ...(load("isolate-free-page") as typeof import("../../lib/mm/isolate-free-page")),
    ...(load("free-one-page") as typeof import("../../lib/mm/free-one-page")),
    ...(load("free-area") as typeof import("../../lib/mm/free-area")),
    ...(load("vmstat") as typeof import("../../lib/mm/vmstat")),
    ...(load("compaction") as typeof import("../../lib/mm/compaction")),
    ...(load("contig-pages") as typeof import("../../lib/mm/contig-pages")),
    ...(load("contig-range") as typeof import("../../lib/mm/contig-range")),
    ...(load("cma-area") as typeof import("../../lib/mm/cma-area")),
    ...(load("migrate") as typeof import("../../lib/mm/migrate")),
    ...(load("validate") as typeof import("../../lib/mm/validate")),
  };
}

export type Engine = ReturnType<typeof loadEngine>;
