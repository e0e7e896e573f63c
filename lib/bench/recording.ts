/** The recording that benchmarks of replays read. */
import { join } from "node:path";
import type { BenchSettings } from "./measure";

/** The one asked for, else one of the repository. */
export function recordingOf({ recording, size }: BenchSettings): string {
  if (recording !== undefined) return recording;
  return join(__dirname, "../../test/fixtures/x86-6.1", size === "small" ? "boot-8G" : "w1-files");
}
