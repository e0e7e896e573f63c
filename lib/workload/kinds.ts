/** Every workload by its name. */
import { camera } from "./camera";
import { containers } from "./containers";
import { database } from "./database";
import { desktop } from "./desktop";
import { fileServer } from "./file-server";
import { kernelBuild } from "./kernel-build";
import { networkServer } from "./network-server";
import { slabGrowth } from "./slab-growth";
import { uptime } from "./uptime";
import type { WorkloadKind } from "./workload";

const ALL = [
  kernelBuild,
  fileServer,
  networkServer,
  database,
  camera,
  desktop,
  containers,
  slabGrowth,
  uptime,
];

export const WORKLOADS: ReadonlyMap<string, WorkloadKind> = new Map(ALL.map((w) => [w.kind, w]));
