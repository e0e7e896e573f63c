import { readFileSync } from "node:fs";

/** The most memory this process has had, in bytes: VmHWM if the system reports it, otherwise getrusage(). */
export function peakRssBytes(): number {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // not a Linux host
  }
  return process.resourceUsage().maxRSS * 1024;
}
