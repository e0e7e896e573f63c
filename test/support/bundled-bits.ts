/** The model's own functions of real numbers, and plans whose results depend on their last bits, for browsers. */
import { join } from "node:path";

/** The functions as a program of a browser: it leaves `bits`. */
export async function bundledBits(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "elementary-bits.ts")],
    ...{ bundle: true, write: false, format: "iife", globalName: "bits", platform: "browser" },
  });
  return outputFiles[0]!.text;
}

const machine = { board: "qemu-virt", memory: "256MiB" };
const request = { size: "4MiB", times: 3 };
/** Exponential draws, Zipf's law in two ways, and statistics with cube roots and the error function. */
export const PLANS_OF_BITS: readonly Record<string, unknown>[] = [
  { machine, workload: { kind: "file-server", duration: "5s" }, strategy: "buddy", request, seed: 7 },
  {
    kind: "comparison",
    ...{ machine, request, seeds: 9, scenario: "c", strategies: ["buddy", "cma", "alloc-contig-pages"] },
  },
];
