/** AMD/Xilinx Zynq UltraScale+ (ZCU102, ZCU106, Ultra96) and Zynq-7000. */
import { GiB, KiB, MiB } from "../../base/units";
import { type Board, described, USUAL_SPEED, USUAL_SPEED_SOURCE } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB, 64 * KiB] as const;

const ZYNQMP_SOURCES = [
  "pages of 4 and 64 KB, none of 16 KB: Cortex-A53 Technical Reference Manual (Arm DDI 0500), section 5.1",
  "configured CMA area of 256 MiB: boot of 6.1.70 on a ZCU102 (cma: Reserved 256 MiB at 0x70000000)",
  "device tree at 0x04000000: modelling choice, low enough for the 1900 MiB that a ZCU106 could reserve (bperez77/xilinx_axidma #95)",
  ...USUAL_BUILD_SOURCES,
] as const;

const zynqmp = <const N extends string>(
  board: Pick<Board, "title" | "memory" | "windows" | "sources"> & { name: N },
) =>
  described({
    architecture: "arm64",
    pageSizes: PAGE_SIZES,
    withoutPages: { [16 * KiB]: "its processor, a Cortex-A53, has no translation granule for" },
    cpus: 4,
    speed: USUAL_SPEED,
    dmaBits: 32,
    reservations: [{ what: "device tree", start: 0x04000000, bytes: 64 * KiB }],
    build: usualBuild(0, PAGE_SIZES, { cmaBytes: 256 * MiB }),
    distributions: ARM64_DISTRIBUTIONS,
    ...board,
    sources: [...board.sources, ...ZYNQMP_SOURCES],
  });

/** 2 GiB below and 2 GiB at 32 GiB. */
const FOUR_GB = {
  memory: { default: 4 * GiB, smallest: 2 * GiB, largest: 4 * GiB },
  windows: [
    { start: 0, end: 0x80000000 },
    { start: 0x800000000, end: 0x880000000 },
  ],
};

export const ZCU102 = zynqmp({
  name: "zynqmp-zcu102",
  title: "Xilinx ZCU102",
  ...FOUR_GB,
  sources: [
    "memory 2 GiB from 0 and 2 GiB from 0x800000000: arch/arm64/boot/dts/xilinx/zynqmp-zcu102-revA.dts, and the boot of 6.1.70",
  ],
});

export const ZCU106 = zynqmp({
  name: "zynqmp-zcu106",
  title: "Xilinx ZCU106",
  ...FOUR_GB,
  sources: [
    "memory 2 GiB from 0 and 2 GiB from 0x800000000: arch/arm64/boot/dts/xilinx/zynqmp-zcu106-revA.dts",
  ],
});

export const ULTRA96 = zynqmp({
  name: "zynqmp-ultra96",
  title: "Avnet Ultra96 (ZCU100)",
  memory: { default: 2 * GiB, smallest: 2 * GiB, largest: 2 * GiB },
  windows: [{ start: 0, end: 0x80000000 }],
  sources: ["memory 2 GiB from 0: arch/arm64/boot/dts/xilinx/zynqmp-zcu100-revC.dts"],
});

const each = (bytes: number) => ({ [4 * KiB]: { huge: bytes, nohuge: bytes } });

export const ZYNQ_7000 = described({
  name: "zynq-7000",
  title: "Xilinx Zynq-7000 (ZC702, ZedBoard)",
  architecture: "arm",
  pageSizes: [4 * KiB],
  memory: { default: GiB, smallest: 256 * MiB, largest: GiB },
  cpus: 2,
  speed: USUAL_SPEED,
  windows: [{ start: 0, end: GiB }],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x02a00000, bytes: 64 * KiB }],
  build: {
    imageStart: 0x8000,
    imageBytes: each(14 * MiB),
    initBytes: each(MiB),
    earlyBytes: each(256 * KiB),
    lateBytes: each(256 * KiB),
    cma: true,
    cmaBytes: 128 * MiB,
  },
  sources: [
    "memory 1 GiB from 0: arch/arm/boot/dts/zynq-zc702.dts; 512 MiB on a Zybo (zynq-zybo.dts)",
    "configured CMA area of 128 MiB: boot of 3.14.0-xilinx on a Zynq (cma: CMA: reserved 128 MiB at 27800000)",
    "kernel at 0x8000 with 14 MiB, device tree at 0x02a00000: modelling choice (U-Boot's default addresses)",
    USUAL_SPEED_SOURCE,
  ],
});

/** The boards of this file; lists show them in this order. */
export const XILINX_BOARDS = [ZCU102, ZCU106, ULTRA96, ZYNQ_7000] as const;
