/** The text of an outcome as a worker hands it over: one request, granted (1) or not (0), with metrics. */
export function outcomeText(
  metrics: Readonly<Record<string, number>>,
  { granted = 1, latencyNs = 1 }: { granted?: number; latencyNs?: number } = {},
): string {
  const [zero, one] = [[0], [latencyNs]];
  const rest = { errno: zero, pfn: zero, latencyNs: one, busyRetries: zero, migrated: zero, reclaimed: zero };
  return JSON.stringify({
    plan: "",
    requests: { granted: [granted], ...rest },
    metrics,
    remarks: [],
    constraints: [],
    failures: [],
  });
}
