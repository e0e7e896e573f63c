/** Names of metrics that the variants of a plan can be compared by. */
import { unknownName } from "../base/errors";
import { camel } from "../base/spelling";
import { leavesOf, type WorkloadSpec } from "../workload/workload";
import { METRICS } from "./metric-names";

/** Made of other figures of a run: lib/experiment/metric-values.ts. */
const MADE = ["success", "latencyNs", "probe2MiBShare", "probeThpShare"] as const;

/** What workloads measure of their own requests ends so: `pressureOrder3P99Ns`. */
const PROBED = /(?:Asked|Granted|Share|P50Ns|P95Ns|P99Ns|MaxNs)$/;

/**
 * Checks the name of a metric. A workload of the plan may have probes, whose figures are named by it.
 * @throws InputError that lists the known names and the nearest one
 */
export function checkMetric(name: string, workload: WorkloadSpec | undefined): void {
  const known = [...MADE, ...Object.keys(METRICS)];
  if (known.includes(name)) return;
  const probed = PROBED.test(name) && leavesOf(workload).some(({ kind }) => name.startsWith(camel(kind)));
  if (!probed) throw unknownName("metric", name, known);
}
