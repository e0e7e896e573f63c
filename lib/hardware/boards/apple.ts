/** Apple M1: memory from 32 GiB, pages of 16 KiB. */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [16 * KiB] as const;
const START = 0x800000000;

export const APPLE_M1 = described({
  name: "apple-m1",
  title: "Apple M1 (Asahi Linux)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  withoutPages: {
    [4 * KiB]: "its IOMMU (DART) maps pages of 16 KiB, and Asahi builds no kernel with",
    [64 * KiB]: "Asahi builds no kernel with",
  },
  memory: { default: 8 * GiB, smallest: 8 * GiB, largest: 16 * GiB },
  cpus: 8,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 16 * GiB }],
  holes: [{ start: START, end: 0x801ed8000 }],
  firmwareTop: { bytes: 0xa00000000 - 0x9df044000, below: Number.MAX_SAFE_INTEGER },
  dmaBits: 64,
  reservations: [{ what: "flash@805be8000", start: 0x805be8000, bytes: 384 * KiB }],
  build: usualBuild(START, PAGE_SIZES, { imageStart: 0x808000000, cmaBytes: 64 * MiB }),
  distributions: ARM64_DISTRIBUTIONS,
  sources: [
    "memory from 0x801ed8000, the main part to 0x9df044000 with 8 GB, configured CMA area of 64 MiB at 0x80a000000: boot of Fedora Asahi in leifliddy/asahi-fedora-builder #27; two small ranges above it are left out",
    "reserved-memory/flash@805be8000: boot of 6.11 on a MacBook Pro (13-inch, M1), UbuntuAsahi/ubuntu-asahi #137; other regions are left out",
    "16 GB keeps as much at the top as 8 GB: not confirmed",
    "pages of 16 KiB only: Asahi Linux documentation [M]",
    "kernel at 0x808000000: modelling choice, the place that leaves the area where that boot printed it",
    ...USUAL_BUILD_SOURCES,
  ],
});

/** The boards of this file; lists show them in this order. */
export const APPLE_BOARDS = [APPLE_M1] as const;
