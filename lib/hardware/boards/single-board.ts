/** What arm64 and other single-board computers have in common where nothing better is known. */
import { KiB, MiB } from "../../base/units";
import { type KernelBuild, USUAL_SPEED_SOURCE } from "../board";

/** Sources of what `arm64Build()` fills in. */
export const USUAL_BUILD_SOURCES = [
  "kernel 2 MiB above the start of memory, 32 MiB with 4 MiB of init sections, early and late bytes: modelling choice",
  USUAL_SPEED_SOURCE,
] as const;

/** A mainline or distribution kernel 2 MiB above the start of memory; `more`: what the board's own build has. */
export function usualBuild(
  memoryStart: number,
  pageSizes: readonly number[],
  more: Partial<KernelBuild> = {},
): KernelBuild {
  const each = (bytes: number) =>
    Object.fromEntries(pageSizes.map((p) => [p, { huge: bytes, nohuge: bytes }]));
  return {
    imageStart: memoryStart + 2 * MiB,
    imageBytes: each(32 * MiB),
    initBytes: each(4 * MiB),
    earlyBytes: each(512 * KiB),
    lateBytes: each(MiB),
    cma: true,
    cmaBytes: 32 * MiB,
    ...more,
  };
}
