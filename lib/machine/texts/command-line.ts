/** The options of a kernel command line that a machine has as fields. */
import { InputError } from "../../base/errors";
import { formatSize, parseSize } from "../../base/units";
import type { BootRequest } from "../boot-request";
import { parseCma } from "../cma-request";
import { parseHugetlbCma } from "../huge-pages";
import { parseCore } from "../movable-request";

/** What `cma=`, `hugepages=` and their kin ask for; what is not understood is told in `notes`. */
export function machineOfCommandLine(line: string, notes: string[]): Partial<BootRequest> {
  const made: Partial<BootRequest> = {};
  const pools: { bytes: number; count: number }[] = [];
  let hugeBytes = 2 * 2 ** 20;
  for (const word of line.split(/\s+/).slice(0, 1000)) {
    const [name, value = ""] = word.split(/=(.*)/s);
    try {
      if (name === "cma") made.cma = /^0[kKmMgG]?$/.test(value) ? { kind: "off" } : parseCma(value);
      else if (name === "hugepagesz" || name === "default_hugepagesz") hugeBytes = parseSize(value, name);
      else if (name === "hugepages" && /^\d{1,7}$/.test(value))
        pools.push({ bytes: hugeBytes, count: Number(value) });
      else if (name === "hugepages")
        notes.push(`hugepages=${value.slice(0, 40)}: by node, which is not read here`);
      else if (name === "hugetlb_cma") {
        const { cmaBytes, cmaByNode } = parseHugetlbCma(value);
        made.hugePages = { pools: [], cmaBytes, ...(cmaByNode && { cmaByNode }) };
      } else if (name === "kernelcore" && value !== "mirror")
        made.movable = { ...made.movable, kernelcore: parseCore(value, name) };
      else if (name === "movablecore")
        made.movable = { ...made.movable, movablecore: parseCore(value, name) };
      else if (name === "transparent_hugepage" && value === "never") made.thpEnabled = false;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      notes.push(`${word.slice(0, 60)}: not taken over: ${error.message}`);
    }
  }
  if (pools.length > 0) made.hugePages = { cmaBytes: 0, ...made.hugePages, pools: summed(pools) };
  return made;
}

/** The last of each size counts. */
function summed(pools: readonly { bytes: number; count: number }[]) {
  return [...new Map(pools.map((p) => [formatSize(p.bytes), p])).values()];
}
