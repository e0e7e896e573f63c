/** Allwinner H6: memory from 1 GiB. */
import { GiB, KiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB, 64 * KiB] as const;
const START = 0x40000000;

export const ALLWINNER_H6 = described({
  name: "allwinner-h6",
  title: "Allwinner H6 (Orange Pi 3, Pine H64)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  withoutPages: { [16 * KiB]: "its processor, a Cortex-A53, has no translation granule for" },
  memory: { default: 2 * GiB, smallest: GiB, largest: 3 * GiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 3 * GiB }],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x4fa00000, bytes: 64 * KiB }],
  build: usualBuild(START, PAGE_SIZES),
  distributions: ARM64_DISTRIBUTIONS,
  sources: [
    "memory from 0x40000000, at most 3 GiB below 4 GiB: the H6's memory map [M], not confirmed; its neighbours A64 and H618 start there too (boots of Debian 5.5 on an A64-OLinuXino, of 6.5.3 on an Orange Pi Zero 3)",
    "device tree at 0x4fa00000: U-Boot's place for it on an Orange Pi Zero 3 (MichaIng/DietPi #7590); the H6 is not confirmed",
    "pages of 4 and 64 KB, none of 16 KB: Cortex-A53 Technical Reference Manual (Arm DDI 0500), section 5.1",
    "configured CMA area of 32 MiB: arch/arm64/configs/defconfig",
    ...USUAL_BUILD_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const ALLWINNER_BOARDS = [ALLWINNER_H6] as const;
