/** Every workload by its name, and the type of its parameters. */
import { type AgeParameters, age } from "./age";
import { type CameraParameters, camera } from "./camera";
import { type ContainersParameters, containers } from "./containers";
import { type DatabaseParameters, database } from "./database";
import { type DesktopParameters, desktop } from "./desktop";
import { type FileServerParameters, fileServer } from "./file-server";
import { type FragmenterParameters, fragmenter } from "./fragmenter";
import { type KernelBuildParameters, kernelBuild } from "./kernel-build";
import { type MixParameters, mix } from "./mix";
import { type NetworkServerParameters, networkServer } from "./network-server";
import { type PinPagesParameters, pinPages } from "./pin-pages";
import { type RecordedTraceParameters, recordedTrace } from "./recorded-trace";
import { type ScatterUnmovableParameters, scatterUnmovable } from "./scatter-unmovable";
import { type SlabGrowthParameters, slabGrowth } from "./slab-growth";
import { type UptimeParameters, uptime } from "./uptime";
import type { WorkloadKind } from "./workload";

/** Parameters of each kind as a plan writes them. */
export interface WorkloadParameters {
  kernelBuild: KernelBuildParameters;
  fileServer: FileServerParameters;
  networkServer: NetworkServerParameters;
  database: DatabaseParameters;
  camera: CameraParameters;
  desktop: DesktopParameters;
  containers: ContainersParameters;
  slabGrowth: SlabGrowthParameters;
  uptime: UptimeParameters;
  age: AgeParameters;
  mix: MixParameters;
  fragmenter: FragmenterParameters;
  scatterUnmovable: ScatterUnmovableParameters;
  pinPages: PinPagesParameters;
  recordedTrace: RecordedTraceParameters;
}

const ALL: { [K in keyof WorkloadParameters]: WorkloadKind } = {
  kernelBuild,
  fileServer,
  networkServer,
  database,
  camera,
  desktop,
  containers,
  slabGrowth,
  uptime,
  age,
  mix,
  fragmenter,
  scatterUnmovable,
  pinPages,
  recordedTrace,
};

export const WORKLOADS: ReadonlyMap<string, WorkloadKind> = new Map(Object.entries(ALL));
