/** How the size of a CMA area is written: on the kernel's command line, in the device tree, and for a Raspberry Pi as an overlay. */
import { hex, MiB } from "../base/units";
import type { AreasAround } from "./areas-around";
import { memparseSize } from "./quantities";
import { offers, type RemedyMachine } from "./remedy-conditions";

/** Whether an area is to become larger or smaller. */
export type Change = "larger" | "smaller";

/** Parameters of cma-overlay.dts, which the display overlays of the Raspberry Pi include, in MiB. */
const OVERLAYS = [64, 96, 128, 192, 256, 320, 384, 448, 512];

/** The largest area that an overlay of the Raspberry Pi sets. */
export const OVERLAY_MOST = 512 * MiB;
/** The least that the display overlays ask for by themselves. */
const OVERLAY_USUAL = 256;

/** Before 5.6 the kernel takes the region of the device tree, whatever cma= says. */
export const treeDecides = (tree: boolean, machine: RemedyMachine): boolean =>
  tree && !offers("cma= before the device tree", machine);

/** `cma=64M on the kernel command line`; null: the size is not known. */
export const parameterOf = (size: number | null, change: Change): string =>
  `${size === null ? `a ${change} cma=` : `cma=${memparseSize(size, "M")}`} on the kernel command line`;

/** `size = <0x4000000> (64 MiB) of the region linux,cma`. */
export const regionOf = (size: number | null, change: Change): string =>
  `${size === null ? `a ${change} size` : `size = <${hex(size)}> (${size / MiB} MiB)`} of the region linux,cma`;

/** `dtoverlay=vc4-kms-v3d,cma-256`: what an overlay sets that is as large, or as small; "" for a size that none sets, and for machines of other names. */
export function overlayOf(size: number | null, change: Change, { raspberry }: AreasAround): string {
  if (raspberry === false) return "";
  const mib = size === null ? null : size / MiB;
  const set =
    mib === null
      ? "<MiB>"
      : change === "larger"
        ? OVERLAYS.find((one) => one >= Math.max(mib, OVERLAY_USUAL))
        : OVERLAYS.filter((one) => one <= mib).at(-1);
  return set === undefined ? "" : `Raspberry Pi: dtoverlay=vc4-kms-v3d,cma-${set}`;
}
