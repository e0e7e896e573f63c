/**
 * QEMU's `virt` machine with the kernel of the recordings in kernel-truth/arm64-cma (6.1.192, one CPU, six builds).
 *
 * RAM starts at 1 GiB (QEMU hw/arm/virt.c VIRT_MEM). The addresses of image, initrd and device tree are those in the
 * recordings. The sizes of image, early and late data are measured: the reserved part in the kernel's "Memory:" line,
 * minus the parts that follow a rule (memmap, hash tables, bounce buffer, page tables). They are the same at every
 * memory size.
 */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED, USUAL_SPEED_SOURCE } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";

const K4 = 4 * KiB;
const K16 = 16 * KiB;
const K64 = 64 * KiB;

export const QEMU_VIRT = described({
  name: "qemu-virt",
  title: "QEMU virt (arm64)",
  architecture: "arm64",
  pageSizes: [K4, K16, K64],
  memory: { default: 2 * GiB, smallest: 128 * MiB, largest: 1024 * GiB },
  cpus: 1,
  speed: USUAL_SPEED,
  driverBytes: 0,
  windows: [{ start: GiB, end: GiB + 1024 * GiB }],
  dmaBits: 32,
  initrd: { what: "initrd", start: 0x48000000, bytes: 304 * KiB },
  reservations: [{ what: "device tree", start: 0x48200000, bytes: 64 * KiB }],
  build: {
    imageStart: 0x40200000,
    imageBytes: {
      [K4]: { huge: 6136 * KiB, nohuge: 5944 * KiB },
      [K16]: { huge: 6416 * KiB, nohuge: 6288 * KiB },
      [K64]: { huge: 7744 * KiB, nohuge: 7552 * KiB },
    },
    initBytes: {
      [K4]: { huge: 384 * KiB, nohuge: 384 * KiB },
      [K16]: { huge: 576 * KiB, nohuge: 576 * KiB },
      [K64]: { huge: 1088 * KiB, nohuge: 1088 * KiB },
    },
    earlyBytes: {
      [K4]: { huge: 128 * KiB, nohuge: 128 * KiB },
      [K16]: { huge: 192 * KiB, nohuge: 192 * KiB },
      [K64]: { huge: 512 * KiB, nohuge: 512 * KiB },
    },
    lateBytes: {
      [K4]: { huge: 124 * KiB, nohuge: 124 * KiB },
      [K16]: { huge: 208 * KiB, nohuge: 208 * KiB },
      [K64]: { huge: 512 * KiB, nohuge: 512 * KiB },
    },
    cma: true,
    cmaBytes: 64 * MiB,
  },
  distributions: ARM64_DISTRIBUTIONS,
  sources: [
    "RAM from 0x40000000, kernel image 0x40200000, initrd 0x48000000 (0.3 MB), device tree 0x48200000, CMA_SIZE_MBYTES=64, one CPU: recordings of 6.1.192, kernel-truth/arm64-cma/README.md",
    'image, init, early and late bytes: the recordings\' "Memory:" lines less the memmap, hash tables, bounce buffer and page tables that follow a rule; the split of the remainder is a modelling choice',
    USUAL_SPEED_SOURCE,
  ],
});

/** The boards of this file; lists show them in this order. */
export const VIRTUAL_MACHINES = [QEMU_VIRT] as const;
