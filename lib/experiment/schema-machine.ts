/** The machine and its mechanisms as a plan may write them, with their limits. */
import { z } from "zod";
import { BOARD_NAMES } from "../hardware/boards";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { type CmaRequest, parseCma } from "../machine/cma-request";
import type { SystemOptions } from "../machine/system-options";
import { THP_DEFRAG_MODES } from "../mm/allocation/thp";
import { type KernelSwitches, kernelProfile } from "../mm/state/profile";
import { attempt, fields, oneOf, size, truth, whole } from "./schema-fields";
import { withoutUndefined } from "./schema-read";

export const scalar = z.union([z.string(), z.number(), z.boolean()]);

const cma = z
  .union(
    [
      z.string(),
      z.number(),
      z.strictObject({ kind: z.literal("configured") }),
      z.strictObject({ kind: z.literal("off") }),
      z.strictObject({
        kind: z.literal("area"),
        bytes: z.number().int().positive(),
        base: z.number().int().nonnegative(),
        limit: z.number().int().nonnegative(),
        fixed: z.boolean(),
      }),
    ],
    { error: 'cma: must be a size, "SIZE@BASE", "SIZE@START-END", "none" or "off"' },
  )
  .transform(
    (given, context): CmaRequest =>
      attempt(context, () => (typeof given === "object" ? given : parseCma(given))),
  );

const hugePages = fields("hugePages", {
  pools: z.array(fields("pool", { bytes: size("bytes", 1), count: whole("count", 0, 2 ** 31) })).max(16),
  cmaBytes: size("cmaBytes"),
  cmaByNode: z
    .array(fields("node", { nid: whole("nid", 0, 1023), bytes: size("bytes", 0) }))
    .max(1024)
    .optional(),
});

const core = z.union(
  [z.strictObject({ bytes: size("bytes") }), z.strictObject({ percent: whole("percent", 0, 2 ** 31) })],
  { error: "must be { bytes } or { percent }" },
);
const physicalRange = z.strictObject({ start: size("start"), end: size("end") });
const movable = fields("movable", {
  kernelcore: core.optional(),
  movablecore: core.optional(),
  hotpluggable: z.array(physicalRange).max(1024).optional(),
});

const cmaArea = fields("cmaArea", {
  name: z.string().min(1).max(64),
  bytes: size("bytes", 1),
  by: oneOf("by", ["code", "device tree"]).optional(),
  base: size("base").optional(),
  limit: size("limit").optional(),
  alignment: size("alignment").optional(),
  nid: whole("nid", 0, 63).optional(),
  orderPerBit: whole("orderPerBit", 0, 30).optional(),
  ranges: truth("ranges").optional(),
});

/** A machine to boot: BootRequest. */
export const machineSchema = fields(
  "machine",
  {
    board: oneOf("board", BOARD_NAMES),
    pageSize: size("pageSize").optional(),
    nodes: whole("nodes", 1, 64).optional(),
    movable: movable.optional(),
    cmaAreas: z.array(cmaArea).max(64, "cmaAreas: at most 64").optional(),
    memoryBytes: size("memoryBytes").optional(),
    cma: cma.optional(),
    kernel: z.string().max(40).optional(),
    thp: truth("thp").optional(),
    thpEnabled: truth("thpEnabled").optional(),
    hugetlb: truth("hugetlb").optional(),
    hugePages: hugePages.optional(),
    pageBlockMaxOrder: whole("pageBlockMaxOrder", 1, 30).optional(),
    switches: z.record(z.string(), scalar).optional(),
  },
  { memory: "memoryBytes" },
).transform(
  (given, context): BootRequest =>
    attempt(context, () => {
      const request = withoutUndefined(given) as unknown as BootRequest;
      const { release } = resolveBoot(request);
      kernelProfile(release, request.switches as Partial<KernelSwitches> | undefined);
      return request;
    }),
);

/** Mechanisms and swap of a running machine: SystemOptions. */
export const systemSchema = fields(
  "system",
  {
    reclaim: truth("reclaim").optional(),
    compaction: truth("compaction").optional(),
    migration: truth("migration").optional(),
    mobilityGrouping: truth("mobilityGrouping").optional(),
    pcp: truth("pcp").optional(),
    swapBytes: size("swapBytes").optional(),
    thpDefrag: oneOf("thpDefrag", THP_DEFRAG_MODES).optional(),
    proactiveness: whole("proactiveness", 0, 100).optional(),
    kswapdLag: whole("kswapdLag", 0, 2 ** 20).optional(),
  },
  { swap: "swapBytes" },
).transform((given) => withoutUndefined(given) as SystemOptions);
