/**
 * The C program beside which the allocator is measured: a bare buddy allocator under the same driver. It prints one JSON
 * object; `--against` takes the program, or its source, which is compiled first.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "../base/errors";

/** Benchmarks that it has too: its mode, and which of its figures is CPU nanoseconds an operation. */
const PAIRS: Readonly<
  Record<string, { mode: string; log2: number; ns: (told: Record<string, number>) => number }>
> = {
  c0: { mode: "c0", log2: 22, ns: (told) => told.ns_per_op! },
  mu: { mode: "mu", log2: 22, ns: (told) => told.ns_per_op! },
  mg: { mode: "mg", log2: 22, ns: (told) => told.ns_per_op! },
  fill: {
    mode: "fill",
    log2: 22,
    ns: (t) => (t.alloc_cold_ns! + t.free_fifo_ns! + t.alloc_warm_ns! + t.free_rand_ns!) / 4,
  },
  "random-free": { mode: "fill", log2: 22, ns: (told) => told.free_rand_ns! },
  init: { mode: "init", log2: 28, ns: (told) => told.cpu_ms! * 1e6 },
};

export const pairedWith = (workload: string): boolean => Object.hasOwn(PAIRS, workload);

export interface Opponent {
  /** CPU nanoseconds an operation of one run. */
  run(workload: string, ops: number, log2Pages?: number): number;
  close(): void;
}

/** The program at `path`; a source ending in `.c` is compiled with gcc -O2 -march=native. */
export function opponent(path: string): Opponent {
  if (!existsSync(path)) throw new InputError(`--against: ${path}: no such file`);
  let program = resolve(path);
  let folder: string | undefined;
  if (path.endsWith(".c")) {
    folder = mkdtempSync(join(tmpdir(), "pageblock-bench-"));
    program = join(folder, "opponent");
    const built = spawnSync("gcc", ["-O2", "-march=native", resolve(path), "-o", program], {
      encoding: "utf8",
    });
    if (built.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      const why = built.error?.message ?? built.stderr.trim().split("\n")[0];
      throw new InputError(`--against: ${path}: gcc can't compile it (${why})`);
    }
  }
  return {
    run(workload, ops, log2Pages) {
      const { mode, log2, ns } = PAIRS[workload]!;
      const args = [mode, String(mode === "init" ? 0 : ops), String(log2Pages ?? log2)];
      const done = spawnSync(program, args, { encoding: "utf8" });
      const told = done.status === 0 ? parsed(done.stdout) : null;
      const value = told === null ? Number.NaN : ns(told);
      if (!(value > 0))
        throw new InputError(
          `--against: ${path} ${args.join(" ")}: told no time (${done.error?.message ?? (done.stderr || done.stdout).slice(0, 80).trim()})`,
        );
      return value;
    },
    close() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parsed(text: string): Record<string, number> | null {
  try {
    return JSON.parse(text) as Record<string, number>;
  } catch {
    return null;
  }
}
