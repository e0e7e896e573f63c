/** NXP i.MX 8M Mini and Plus: memory from 1 GiB. */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB, 64 * KiB] as const;
const WITHOUT = { [16 * KiB]: "its processor, a Cortex-A53, has no translation granule for" } as const;
const START = 0x40000000;

const COMMON_SOURCES = [
  "pages of 4 and 64 KB, none of 16 KB: Cortex-A53 Technical Reference Manual (Arm DDI 0500), section 5.1",
  "device tree at 0x43000000: modelling choice (U-Boot's fdt_addr_r of these boards)",
  "configured CMA area of 32 MiB: arch/arm64/configs/defconfig",
  ...USUAL_BUILD_SOURCES,
] as const;

const vendorCma = (bytes: number, range: number) =>
  ({
    ...ARM64_DISTRIBUTIONS,
    nxp: {
      title: "NXP's BSP kernel",
      build: {},
      deviceTree: [
        { name: "linux,cma", bytes, reusable: true, allocRanges: [{ base: START, bytes: range }] },
      ],
      sources: [
        "linux,cma of NXP's device tree, its size and its alloc-ranges: [M], not confirmed; a product with 1 GB has 320 MiB (81920 pages cma reserved, 4.14.98-imx)",
      ],
    },
  }) as const;

export const IMX8MM = described({
  name: "imx8m-mini",
  title: "NXP i.MX 8M Mini (EVK)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  withoutPages: WITHOUT,
  memory: { default: 2 * GiB, smallest: GiB, largest: 4 * GiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 4 * GiB }],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x43000000, bytes: 64 * KiB }],
  build: usualBuild(START, PAGE_SIZES),
  distributions: vendorCma(640 * MiB, 0x60000000),
  sources: [
    "memory from 0x40000000, 2 GB: arch/arm64/boot/dts/freescale/imx8mm-evk.dtsi; no reserved-memory node in mainline",
    ...COMMON_SOURCES,
  ],
});

export const IMX8MP = described({
  name: "imx8m-plus",
  title: "NXP i.MX 8M Plus (EVK)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  withoutPages: WITHOUT,
  memory: { default: 6 * GiB, smallest: GiB, largest: 8 * GiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [
    { start: START, end: 4 * GiB },
    { start: 4 * GiB, end: 9 * GiB },
  ],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x43000000, bytes: 64 * KiB }],
  build: usualBuild(START, PAGE_SIZES),
  distributions: vendorCma(960 * MiB, 3 * GiB),
  sources: [
    "memory 3 GiB from 0x40000000 and 3 GiB from 4 GiB: arch/arm64/boot/dts/freescale/imx8mp-evk.dts; no reserved-memory node for CMA in mainline",
    ...COMMON_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const NXP_BOARDS = [IMX8MM, IMX8MP] as const;
