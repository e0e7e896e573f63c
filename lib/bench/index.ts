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
