/** Texas Instruments AM62: memory from 2 GiB. */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB, 64 * KiB] as const;
const START = 0x80000000;

export const AM62 = described({
  name: "ti-am62",
  title: "Texas Instruments AM625 (SK-AM62, BeaglePlay)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  withoutPages: { [16 * KiB]: "its processor, a Cortex-A53, has no translation granule for" },
  memory: { default: 2 * GiB, smallest: 512 * MiB, largest: 2 * GiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 2 * GiB }],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x88000000, bytes: 64 * KiB }],
  build: usualBuild(START, PAGE_SIZES, { imageStart: 0x82000000 }),
  deviceTree: [
    { name: "ramoops@9ca00000", base: 0x9ca00000, bytes: MiB, compatible: "ramoops" },
    { name: "tfa@9e780000", base: 0x9e780000, bytes: 512 * KiB, noMap: true },
    { name: "optee@9e800000", base: 0x9e800000, bytes: 24 * MiB, noMap: true },
    {
      name: "r5f-dma-memory@9db00000",
      base: 0x9db00000,
      bytes: 12 * MiB,
      noMap: true,
      compatible: "shared-dma-pool",
    },
  ],
  distributions: ARM64_DISTRIBUTIONS,
  sources: [
    "memory 2 GiB from 0x80000000 and the four regions: arch/arm64/boot/dts/ti/k3-am625-sk.dts, k3-am625-beagleplay.dts",
    "kernel at 0x82000000, device tree at 0x88000000: load addresses of foundriesio/meta-lmp pull request #1205",
    "pages of 4 and 64 KB, none of 16 KB: Cortex-A53 Technical Reference Manual (Arm DDI 0500), section 5.1",
    "configured CMA area of 32 MiB: arch/arm64/configs/defconfig",
    ...USUAL_BUILD_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const TI_BOARDS = [AM62] as const;
