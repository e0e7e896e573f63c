/** Every workload by its name. A new one needs a file of its own and its name in ALL. */
import { unknownName } from "../base/errors";
import { camel, kebab } from "../base/spelling";
import type { Fields, OutOf } from "../schema/field";
import { resolveFields } from "../schema/parameters";
import { age } from "./age";
import { camera } from "./camera";
import { churn } from "./churn";
import { containers } from "./containers";
import { database } from "./database";
import { desktop } from "./desktop";
import { faultLatency } from "./fault-latency";
import { fileServer } from "./file-server";
import { fragmenter } from "./fragmenter";
import { kernelBuild } from "./kernel-build";
import { like } from "./like";
import { mix } from "./mix";
import { networkServer } from "./network-server";
import { pinPages } from "./pin-pages";
import { pressure } from "./pressure";
import { recordedTrace } from "./recorded-trace";
import { scatterUnmovable } from "./scatter-unmovable";
import { slabGrowth } from "./slab-growth";
import { stutter } from "./stutter";
import { thpChallenge } from "./thp-challenge";
import { uptime } from "./uptime";
import { isSequence, isTogether, type LeafWorkload, type WorkloadKind, type WorkloadSpec } from "./workload";
import { zram } from "./zram";

/** All workloads, in the order in which tables list them. */
const ALL = {
  kernelBuild,
  fileServer,
  networkServer,
  database,
  camera,
  desktop,
  containers,
  slabGrowth,
  zram,
  uptime,
  age,
  mix,
  like,
  churn,
  pressure,
  thpChallenge,
  stutter,
  faultLatency,
  fragmenter,
  scatterUnmovable,
  pinPages,
  recordedTrace,
};

/** The workloads by their names in camelCase. */
export type KnownWorkloads = typeof ALL;

export const WORKLOADS: ReadonlyMap<string, WorkloadKind> = new Map(
  Object.values(ALL).map((w): [string, WorkloadKind] => [w.kind, w]),
);

/** The workload of that name in either spelling. Throws InputError that lists the known names. */
export function workloadKind(kind: string): WorkloadKind {
  const found = camel(kebab(kind)) === camel(kind) ? WORKLOADS.get(kebab(kind)) : undefined;
  if (found === undefined) throw unknownName("workload", kind, [...WORKLOADS.keys()]);
  return found;
}

/** Every parameter of a leaf, in bytes and milliseconds; throws InputError that names the mistake and what is known. */
export function resolveParameters({ kind, ...given }: LeafWorkload): OutOf<Fields> {
  const found = workloadKind(kind);
  return resolveFields(`workload ${found.kind}`, found.parameters, given);
}

/** Milliseconds a workload lasts; Infinity if a part of it continues until it is stopped. */
export function durationMs(spec: WorkloadSpec): number {
  if (isSequence(spec)) return spec.sequence.reduce((ms, part) => ms + durationMs(part), 0);
  if (isTogether(spec)) return spec.together.reduce((ms, part) => Math.max(ms, durationMs(part)), 0);
  return workloadKind(spec.kind).durationMs(resolveParameters(spec));
}
