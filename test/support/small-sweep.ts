/** A sweep over seeds that takes a few seconds, for tests of what disturbs one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes it into `folder`: `seeds` runs of `times` requests each. Its file, and the words of a command that runs it into a store, with one worker. */
export function smallSweep(
  folder: string,
  { times, seeds }: { times: number; seeds: number },
): { sweep: string; command: (store: string) => string[] } {
  const sweep = join(folder, "sweep.yaml");
  writeFileSync(
    sweep,
    `plan:
  machine: { board: qemu-virt, memory: 256MiB }
  strategy: { name: buddy }
  request: { size: 64KiB, times: ${times} }
over:
  seed: { from: 1, to: ${seeds}, step: 1 }
`,
  );
  const command = (store: string) => ["sweep", sweep, "--store", store, "--json", "--workers", "1"];
  return { sweep, command };
}
