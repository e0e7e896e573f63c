/** NVIDIA Jetson Orin: memory from 2 GiB. */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB, 16 * KiB, 64 * KiB] as const;
const START = 0x80000000;

export const JETSON_AGX_ORIN = described({
  name: "jetson-agx-orin",
  title: "NVIDIA Jetson AGX Orin",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  memory: { default: 32 * GiB, smallest: 4 * GiB, largest: 64 * GiB },
  cpus: 12,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 64 * GiB }],
  firmwareTop: { bytes: 128 * MiB, below: Number.MAX_SAFE_INTEGER },
  dmaBits: 32,
  reservations: [{ what: "UEFI firmware and device tree", start: 0xfff00000, bytes: MiB }],
  build: usualBuild(START, PAGE_SIZES, { cmaBytes: 64 * MiB }),
  distributions: {
    ...ARM64_DISTRIBUTIONS,
    jetpack: {
      title: "JetPack 6 (5.15-tegra)",
      build: {},
      deviceTree: [{ name: "linux,cma", bytes: 256 * MiB, reusable: true }],
      sources: [
        "linux,cma of 256 MiB, without a limit: created at 0x24a000000 on an Orin Nano with 8 GB, 5.15.148-tegra (jetsonhacks/migrate-jetson-to-ssd #5); alloc-ranges are not confirmed",
      ],
    },
  },
  sources: [
    "memory from 0x80000000, 128 MiB kept at the top, ZONE_DMA to 4 GiB: boot of an Orin Nano with 8 GB (0x80000000..0x278000000, jetsonhacks/migrate-jetson-to-ssd #5); the AGX is not confirmed, its firmware keeps more in places that are not described",
    "UEFI tables below 4 GiB: modelling choice after that boot's SMBIOS=0xffff0000; all other carve-outs are left out",
    "configured CMA area of 64 MiB: modelling choice after the failed 62864 pages of OE4T/meta-tegra #1613, which has no total",
    "12 CPUs: the 64 GB module's data sheet [M]; pages of all three sizes: Cortex-A78AE, not confirmed",
    ...USUAL_BUILD_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const NVIDIA_BOARDS = [JETSON_AGX_ORIN] as const;
