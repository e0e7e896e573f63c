/** What every way to get contiguous memory has in common: how the machine is set up for it, and how a request is put. */
import type { BootRequest } from "../machine/boot-request";
import type { System } from "../machine/system";

/** A strategy in a plan: its name and parameters. */
export interface StrategySpec {
  name: string;
  [parameter: string]: string | number | boolean;
}

/** What is asked of a strategy. Sizes in bytes. */
export interface ContigRequest {
  bytes: number;
  alignBytes: number;
  who: "driver" | "user" | "boot";
  longtermPin: boolean;
  dmaBits: number;
  cpuMapBytes: number;
}

/** What became of one request. */
export interface Attempt {
  granted: boolean;
  /** 0, or the kernel's negative error. */
  errno: number;
  /** First frame, or −1; more than one piece where the device or the CPU can do with pieces (IOMMU, adjacent huge pages). */
  pieces: { pfn: number; pages: number }[];
  busyRetries: number;
  /** Why it failed, in words and as data; null when it did not. */
  why: { text: string; data: unknown } | null;
}

/** The strategy on one running machine. */
export interface PreparedStrategy {
  request(): Attempt;
  release(attempt: Attempt): void;
  /** Figures of its own at the end of a run, by metric name. */
  metrics(): Record<string, number>;
}

/** One way to get contiguous memory; stateless. */
export interface Strategy {
  name: string;
  /** A few words for tables and charts. */
  title: string;
  /** What the article and later history say of it, in our own words; what is modelled. */
  summary: string;
  /** What an administrator or a builder must configure for it. */
  configure: string;
  /** Parameters it takes, with defaults. */
  defaults: Record<string, string | number | boolean>;
  /** The machine as it boots under this strategy; throws InputError where the strategy cannot be had on it. */
  machine(base: BootRequest, spec: StrategySpec, request: ContigRequest): BootRequest;
  /** After boot, before anything else runs. */
  prepare(system: System, spec: StrategySpec, request: ContigRequest): PreparedStrategy;
}
