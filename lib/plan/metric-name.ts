/** What is said of a figure of an outcome. */
export interface MetricName {
  /** bytes, pages, count, ms, ns, ratio. */
  unit: string;
  meaning: string;
}
