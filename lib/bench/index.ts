/** Every benchmark by name. */
import { ENGINE_BENCHMARKS } from "./engine";
import type { Benchmark } from "./measure";
import { WHOLE_BENCHMARKS } from "./whole";

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = { ...ENGINE_BENCHMARKS, ...WHOLE_BENCHMARKS };

/** What `--check` and `--record` measure unless told otherwise: seconds each. */
export const CHECKED = [
  "c0",
  "mu",
  "mg",
  "fill",
  "random-free",
  "init",
  "ageing",
  "aged-64g-server",
  "aged-64g-database",
  "alloc-contig",
  "replay",
  "replay-cached",
  "replay-cold",
  "import",
  "import-cell",
  "import-cell-at-once",
] as const;

/** Workloads that differ in the size of the machine only, and that size. 1 TiB needs 5 GB: measured with `--sizes` alone. */
export const SIZES: Readonly<Record<string, string>> = {
  "mg-1g": "1 GiB",
  "mg-64g": "64 GiB",
  "mg-1t": "1 TiB",
};
