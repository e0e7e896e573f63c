/** Rockchip RK3399 and RK3588: memory from 0 with the first 2 MiB kept by the firmware, peripherals below 4 GiB. */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB, 16 * KiB, 64 * KiB] as const;

const COMMON_SOURCES = [
  "device tree at the start of the image's next 64 MiB: modelling choice (U-Boot's fdt_addr_r is 0x01f00000 on RK3399, 0x0a100000 on RK3588)",
  ...USUAL_BUILD_SOURCES,
] as const;

export const RK3399 = described({
  name: "rockchip-rk3399",
  title: "Rockchip RK3399 (Pinebook Pro, Rock Pi 4)",
  architecture: "arm64",
  pageSizes: [4 * KiB, 64 * KiB],
  withoutPages: {
    [16 * KiB]: "its processors, a Cortex-A72 and a Cortex-A53, have no translation granule for",
  },
  memory: { default: 4 * GiB, smallest: GiB, largest: 4 * GiB },
  cpus: 6,
  speed: USUAL_SPEED,
  windows: [{ start: 0, end: 4 * GiB }],
  holes: [
    { start: 0, end: 2 * MiB },
    { start: 0xf8000000, end: 4 * GiB },
  ],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x01f00000, bytes: 128 * KiB }],
  build: usualBuild(0, [4 * KiB, 64 * KiB], { imageStart: 0x02200000, cmaBytes: 16 * MiB }),
  distributions: ARM64_DISTRIBUTIONS,
  sources: [
    "memory 0x200000..0xf8000000, no reserved-memory node, 6 CPUs, configured CMA area of 16 MiB: boot of 6.18-rc1 on a Pinebook Pro with 4 GB (postmarketOS, linux-rockchip list, October 2025)",
    "pages of 4 and 64 KB, none of 16 KB: Cortex-A53 (Arm DDI 0500) and Cortex-A72 as on the Raspberry Pi 4",
    "kernel at 0x02200000: modelling choice, above U-Boot's device tree; U-Boot's initrd near the top of memory is not described: state it (initrd)",
    ...COMMON_SOURCES,
  ],
});

export const RK3588 = described({
  name: "rockchip-rk3588",
  title: "Rockchip RK3588 (Rock 5B, Orange Pi 5)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  memory: { default: 16 * GiB, smallest: 4 * GiB, largest: 32 * GiB },
  cpus: 8,
  speed: USUAL_SPEED,
  windows: [{ start: 0, end: 32 * GiB }],
  holes: [
    { start: 0, end: 2 * MiB },
    { start: 0xf0000000, end: 4 * GiB },
  ],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x0a100000, bytes: 128 * KiB }],
  build: usualBuild(0, PAGE_SIZES, { cmaBytes: 16 * MiB }),
  distributions: {
    ...ARM64_DISTRIBUTIONS,
    rockchip: {
      title: "Rockchip's 5.10 and 6.1 kernels",
      build: {},
      deviceTree: [
        {
          name: "cma",
          bytes: 256 * MiB,
          reusable: true,
          cmaDefault: true,
          allocRanges: [{ base: 0x10000000, bytes: 256 * MiB }],
        },
      ],
      sources: [
        "region cma of 256 MiB at 0x10000000: boots in radxa/meta-rockchip #4 and Joshua-Riek/ubuntu-rockchip #1263; stated as a range there: not confirmed",
      ],
    },
  },
  sources: [
    "memory 0x200000..0xf0000000 and from 4 GiB, configured CMA area of 16 MiB at 0xef000000: boot of 6.1.55 on a Rock 5B with 16 GB, immortalwrt #1080; 8 GB: radxa/meta-rockchip #4",
    "pages of all three sizes: Cortex-A76 (Arm 100798) and Cortex-A55, whose ID_AA64MMFR0_EL1 is not confirmed",
    ...COMMON_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const ROCKCHIPS = [RK3399, RK3588] as const;
