/** Every workload by its name. */
import { kernelBuild } from "./kernel-build";
import type { WorkloadKind } from "./workload";

export const WORKLOADS: ReadonlyMap<string, WorkloadKind> = new Map([kernelBuild].map((w) => [w.kind, w]));
