/** RISC-V boards. */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB] as const;
const START = 0x40000000;

export const VISIONFIVE_2 = described({
  name: "visionfive-2",
  title: "StarFive VisionFive 2 (JH7110)",
  architecture: "riscv64",
  pageSizes: PAGE_SIZES,
  memory: { default: 8 * GiB, smallest: 2 * GiB, largest: 8 * GiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 8 * GiB }],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x42200000, bytes: 64 * KiB }],
  build: usualBuild(START, PAGE_SIZES, { cmaBytes: 32 * MiB }),
  deviceTree: [{ name: "opensbi@40000000", base: START, bytes: 512 * KiB, noMap: true }],
  distributions: {
    starfive: {
      title: "StarFive's 5.15 and 6.6 kernels",
      build: {},
      deviceTree: [
        {
          name: "linux,cma",
          bytes: 1536 * MiB,
          reusable: true,
          allocRanges: [{ base: 0x70000000, bytes: 1536 * MiB }],
        },
        { name: "opensbi@40000000", base: START, bytes: 512 * KiB, noMap: true },
      ],
      sources: [
        "linux,cma of 1536 MiB at 0x70000000 and opensbi@40000000 of 512 KiB: boots of 5.15 and 6.6.20 with 8 GB in starfive-tech/VisionFive2 #81 and #115; its alloc-ranges: modelling choice, the only place it was seen",
      ],
    },
  },
  sources: [
    "memory from 0x40000000: arch/riscv/boot/dts/starfive/jh7110-starfive-visionfive-2.dtsi; ZONE_DMA32 to 4 GiB: boots in starfive-tech/VisionFive2 #53 and #81",
    "OpenSBI keeps 512 KiB at 0x40000000, the kernel starts at 0x40200000 and the device tree at 0x42200000: starfive-tech/VisionFive2 #115, OpenSBI's own log in skiffos/SkiffOS #291",
    "4 CPUs that run Linux (U74), configured CMA area of 32 MiB: modelling choice for the latter",
    ...USUAL_BUILD_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const RISCV_BOARDS = [VISIONFIVE_2] as const;
