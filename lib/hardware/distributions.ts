/** Builds of the kernel that distributions ship, as far as they matter here: page blocks and the configured CMA area. */
import { KiB, MiB } from "../base/units";
import type { DistributionBuild } from "./board";

const DEBIAN = {
  title: "Debian",
  build: { cma: true, cmaBytes: 64 * MiB, thp: true, hugetlb: true },
  sources: [
    'CMA_SIZE_MBYTES 64 with huge pages of both kinds: recordings of 6.1.192 (arm64), and "cma: Reserved 64 MiB" of Debian\'s 5.5 and 5.6 on an A64 and an Armada 3700',
  ],
} satisfies DistributionBuild;

const FEDORA = {
  title: "Fedora",
  build: { cma: true, cmaBytes: 64 * MiB, thp: true, hugetlb: true },
  sources: [
    'CMA_SIZE_MBYTES 64: "cma: Reserved 64 MiB" of Fedora on Apple\'s M1 (leifliddy/asahi-fedora-builder #27); huge pages of both kinds: not confirmed',
  ],
} satisfies DistributionBuild;

const DEFCONFIG = {
  title: "mainline, arch/arm64/configs/defconfig",
  build: { cma: true, cmaBytes: 32 * MiB, thp: true, hugetlb: true },
  sources: [
    'CMA_SIZE_MBYTES 32: "cma: Reserved 32 MiB" of 5.3.6 on a Raspberry Pi 3 B+ and of 5.6 on a Raspberry Pi 4; huge pages of both kinds: arch/arm64/configs/defconfig',
  ],
} satisfies DistributionBuild;

/** Those that run on any arm64 board. */
export const ARM64_DISTRIBUTIONS = { debian: DEBIAN, fedora: FEDORA, defconfig: DEFCONFIG } as const;

/** U-Boot's copy of the device tree, where it limits itself to the first 512 MiB. */
const UBOOT_COPY = { what: "device tree (U-Boot's copy)", start: 0x20000000 - 64 * KiB, bytes: 64 * KiB };

/** Home Assistant OS on a Raspberry Pi. */
export const HAOS: DistributionBuild = {
  title: "Home Assistant OS",
  build: { cma: true, cmaBytes: 5 * MiB, thp: false, hugetlb: false },
  reservations: [UBOOT_COPY],
  sources: [
    "page blocks of 4 MiB: areas at multiples of 4 MiB, and 5 MiB asked that became 8192 kB (home-assistant/operating-system #1467, #4651, #4924), so neither hugetlb nor, on releases that follow it, THP",
    "U-Boot puts its copy of the device tree just below 0x20000000: home-assistant/operating-system pull request #4954, which moves it; its size is a modelling choice",
  ],
};
