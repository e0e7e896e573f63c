/** The strategies compared by default for each session of the article. */
import { formatSize } from "../base/units";
import type { BootRequest } from "../machine/boot-request";
import { resolveBoot } from "../machine/boot-request";
import type { StrategySpec } from "./strategy";

/** A strategy of a comparison, under the label it has there. */
export interface LabelledStrategy {
  label: string;
  spec: StrategySpec;
}

/** `64 KiB` → `64k`. */
function short(pageSize: number): string {
  return formatSize(pageSize).replace(" KiB", "k");
}

/**
 * The first session: what a driver on `base` can be given. CMA with the machine's own pages is called by their size: `cma-64k`
 * on a machine with pages of 64 KiB. `area`: bytes of every area, default twice the request.
 */
export function cmaDebate(base: BootRequest, area: string = "auto"): LabelledStrategy[] {
  const { pageSize } = resolveBoot(base).geometry;
  const own = `cma-${short(pageSize)}`;
  const specs: LabelledStrategy[] = [
    { label: "buddy", spec: { name: "buddy" } },
    { label: own, spec: { name: "cma", area } },
  ];
  if (own !== "cma-4k") specs.push({ label: "cma-4k", spec: { name: "cma-4k", area } });
  for (const name of [
    "two-kernels",
    "page-size-at-boot",
    "small-pageblocks",
    "sub-block",
    "carve-out",
    "guaranteed-cma",
  ])
    specs.push({ label: name, spec: { name, area } });
  specs.push({ label: "reservation", spec: { name: "reservation" } });
  return specs;
}
