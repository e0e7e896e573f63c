/**
 * Raspberry Pi boards with a 64-bit kernel. The firmware keeps the top of the first gigabyte for the VideoCore, puts the
 * device tree below 0x2f000000 (Pi 3: at 128 MiB, a choice of ours) and the kernel at 2 MiB.
 */
import { GiB, KiB, MiB } from "../../base/units";
import { described, type KernelBuild } from "../board";
import { ARM64_DISTRIBUTIONS, HAOS } from "../distributions";

const PAGE_SIZES = [4 * KiB, 16 * KiB, 64 * KiB] as const;
/** The processors before the Pi 5 have two of the three translation granules. */
const FIRST_64_BIT = [4 * KiB, 64 * KiB] as const;

const same = (bytes: number) =>
  Object.fromEntries(PAGE_SIZES.map((p) => [p, { huge: bytes, nohuge: bytes }]));

/**
 * A distribution kernel: sizes from a Pi 5 boot log (14976K code, 2278K rwdata, 4848K rodata, 1231K bss), init minus
 * its initramfs.
 */
const BUILD: KernelBuild = {
  imageStart: 0x200000,
  imageBytes: same(28 * MiB),
  initBytes: same(5 * MiB),
  earlyBytes: same(512 * KiB),
  lateBytes: same(MiB),
  cma: true,
  cmaBytes: 5 * MiB,
};

const COMMON_SOURCES = [
  "kernel at 0x200000 and its sizes: modelling choice after a Pi 5 boot log (meta-raspberrypi issue #1482)",
  "configured CMA size 5 MiB: CONFIG_CMA_SIZE_MBYTES in arch/arm64/configs/bcm2711_defconfig of raspberrypi/linux",
];

/** config.txt, and the distributions that run on every one of them. */
const FIRMWARE = {
  raspberryPi: true,
  distributions: {
    "raspberry-pi-os": {
      title: "Raspberry Pi OS",
      build: {},
      sources: [
        "the board's own build: areas at multiples of 2 MiB on 6.1.73 (raspberrypi/linux #6053), so with hugetlb",
      ],
    },
    ...ARM64_DISTRIBUTIONS,
    haos: HAOS,
  },
} as const;
const OVERLAY_SOURCE =
  "display overlays give linux,cma a size of their own where cma-N names none: cma-overlay.dts (256 MiB) of raspberrypi/linux";

/** BCM2711's device tree, Raspberry Pi's kernel tree: 64 MiB in the first 768 MiB (pull request #3536). */
const PI4_CMA = { bytes: 64 * MiB, start: 0, end: 0x30000000 };
const PI4_MEMORY = {
  windows: [{ start: 0, end: 8 * GiB }],
  holes: [{ start: 0xfc000000, end: 4 * GiB }],
  firmwareTop: { bytes: 76 * MiB, below: GiB },
};
const PI4_DEVICE_TREE = { what: "device tree", start: 0x2eff0000, bytes: 64 * KiB };
const PI4_SOURCES = [
  "memory 0..0x3b400000, 0x40000000..0xfc000000, from 4 GiB: raspberrypi/firmware #1191, seL4 #1045, raspberrypi/linux #4600",
  "pages of 4 and 64 KB, none of 16 KB: TGran16 of a Cortex-A72's ID_AA64MMFR0_EL1, 0x00001124 in QEMU's table of registers, is 0; the Pi 5's 16 KB kernel was found not to boot on a Pi 4: Lenz-K/arm64-kvm-hello-world #4",
  "first 1 GiB is what every device reaches (ZONE_DMA): home-assistant/operating-system #1467 boot log, arch/arm64/boot/dts/broadcom",
  "device tree just below 0x2f000000: follows from the 4 KB boot of raspberrypi/linux #6053 (CMA at 0x2ae00000)",
  "CMA region of 64 MiB in the first 768 MiB: raspberrypi/linux pull request #3536 and #6053",
  "copies 2.76 GB/s: STREAM Copy of 5,527 MB/s counts bytes read and written (sci-pi.org.uk/bench/stream.html); tinymembench copies 2,777 MB/s (geerlingguy/sbc-reviews #110)",
  `${OVERLAY_SOURCE}; 512 MiB on a Pi 4: "failed to allocate memory for node 'linux,cma': size 512 MiB" of home-assistant/operating-system #4924, vc4-kms-v3d-pi4-overlay.dts`,
  "storage 45 MB/s: an SD card written on a Pi 4B (zhonguncle.github.io, November 2023)",
  ...COMMON_SOURCES,
];

export const RASPBERRY_PI_3 = described({
  name: "raspberry-pi-3",
  title: "Raspberry Pi 3 Model B/B+",
  architecture: "arm64",
  pageSizes: FIRST_64_BIT,
  withoutPages: { [16 * KiB]: "its processor, a Cortex-A53, has no translation granule for" },
  memory: { default: GiB, smallest: 512 * MiB, largest: GiB },
  cpus: 4,
  speed: { copyBytesPerSecond: 1.2e9, storageBytesPerSecond: 25e6 },
  windows: [{ start: 0, end: GiB }],
  firmwareTop: { bytes: 76 * MiB, below: GiB },
  dmaBits: 30,
  reservations: [{ what: "device tree", start: 0x08000000, bytes: 64 * KiB }],
  build: BUILD,
  ...FIRMWARE,
  overlayCmaBytes: 256 * MiB,
  sources: [
    "memory 0..0x40000000: arch/arm/boot/dts/bcm2837-rpi-3-b-plus.dts; the firmware keeps 76 MiB at its top, 0..0x3b400000 is left: raspberrypi/linux #2966 (970752K)",
    "pages of 4 and 64 KB, none of 16 KB: Cortex-A53 Technical Reference Manual (Arm DDI 0500), section 5.1",
    "device tree at 128 MiB: modelling choice (the firmware's 0x08000000 for a 1 GB board)",
    "copies 1.2 GB/s: modelling choice, less than half of a Pi 4; memcpy() of 4 MB on a 32-bit kernel measured 0.6 GB/s (Idein/qmkl #35). Storage 25 MB/s: modelling choice, an SD card at 50 MHz",
    "first 1 GiB is what every device reaches: arch/arm/boot/dts/bcm2837.dtsi dma-ranges",
    OVERLAY_SOURCE,
    ...COMMON_SOURCES,
  ],
});

export const RASPBERRY_PI_4 = described({
  name: "raspberry-pi-4",
  title: "Raspberry Pi 4 Model B",
  architecture: "arm64",
  pageSizes: FIRST_64_BIT,
  withoutPages: { [16 * KiB]: "its processor, a Cortex-A72, has no translation granule for" },
  memory: { default: 4 * GiB, smallest: GiB, largest: 8 * GiB },
  cpus: 4,
  speed: { copyBytesPerSecond: 2.76e9, storageBytesPerSecond: 45e6 },
  ...PI4_MEMORY,
  dmaBits: 30,
  reservations: [PI4_DEVICE_TREE],
  build: BUILD,
  ...FIRMWARE,
  overlayCmaBytes: 512 * MiB,
  deviceTreeCma: PI4_CMA,
  sources: PI4_SOURCES,
});

export const RASPBERRY_PI_CM4_8GB = described({
  ...RASPBERRY_PI_4,
  name: "raspberry-pi-cm4-8gb",
  title: "Raspberry Pi Compute Module 4, 8 GB",
  memory: { default: 8 * GiB, smallest: 8 * GiB, largest: 8 * GiB },
});

export const RASPBERRY_PI_5 = described({
  name: "raspberry-pi-5",
  title: "Raspberry Pi 5",
  architecture: "arm64",
  pageSizes: [16 * KiB, 4 * KiB],
  withoutPages: { [64 * KiB]: "nobody has documented a boot with" },
  memory: { default: 8 * GiB, smallest: 2 * GiB, largest: 16 * GiB },
  cpus: 4,
  speed: { copyBytesPerSecond: 4.87e9, storageBytesPerSecond: 90e6 },
  windows: [{ start: 0, end: 16 * GiB }],
  firmwareTop: { bytes: 4 * MiB, below: GiB },
  dmaBits: 32,
  reservations: [
    { what: "secure firmware (ATF)", start: 0, bytes: 512 * KiB },
    { what: "device tree", start: 0x2eff0000, bytes: 128 * KiB },
  ],
  build: BUILD,
  ...FIRMWARE,
  overlayCmaBytes: 64 * MiB,
  deviceTreeCma: { bytes: 64 * MiB, start: 0, end: GiB },
  sources: [
    "memory 0..0x3fc00000, 0x40000000..0x200000000 at 8 GB, 512 KiB of firmware at 0, ZONE_DMA to 4 GiB: geerlingguy/sbc-reviews #21 boot log (6.1.47)",
    "CMA region in the first 1 GiB, 64 MiB: raspberrypi/linux #6621 and #7230",
    "4 KB and 16 KB pages only: its Cortex-A76 has all three granules (Technical Reference Manual, Arm 100798, ID_AA64MMFR0_EL1), but no boot with 64 KB is documented: left out, a modelling choice",
    "device tree below 0x2f010000: modelling choice",
    "a display overlay leaves linux,cma at 64 MiB where cma-N names none: vc4-kms-v3d-pi5-overlay.dts of raspberrypi/linux",
    "copies 4.87 GB/s: tinymembench, C copy of 4,870 MB/s (geerlingguy/sbc-reviews #21)",
    "storage 90 MB/s: modelling choice, twice the SD card of a Pi 4",
    ...COMMON_SOURCES,
  ],
});

const each = (bytes: number) => ({ [4 * KiB]: { huge: bytes, nohuge: bytes } });

export const RASPBERRY_PI_4_32BIT = described({
  name: "raspberry-pi-4-32bit",
  title: "Raspberry Pi 4 Model B, 32-bit kernel",
  architecture: "arm",
  pageSizes: [4 * KiB],
  memory: RASPBERRY_PI_4.memory,
  cpus: 4,
  speed: RASPBERRY_PI_4.speed,
  ...PI4_MEMORY,
  dmaBits: 30,
  reservations: [PI4_DEVICE_TREE],
  build: {
    imageStart: 0x8000,
    imageBytes: each(16 * MiB),
    initBytes: each(2 * MiB),
    earlyBytes: each(256 * KiB),
    lateBytes: each(512 * KiB),
    cma: true,
    cmaBytes: 5 * MiB,
    zoneDma: true,
    lpae: true,
  },
  raspberryPi: true,
  overlayCmaBytes: 512 * MiB,
  deviceTreeCma: PI4_CMA,
  sources: [
    "memory, device tree, linux,cma and speeds: as raspberry-pi-4",
    "low memory of 768 MiB in ZONE_DMA, the rest HighMem, lowmem_reserve of a 256th of it: the out-of-memory report of raspberrypi/linux #5297; dma_zone_size of 1 GiB: arch/arm/mach-bcm/bcm2711.c",
    "40 address bits: CONFIG_ARM_LPAE of arch/arm/configs/bcm2711_defconfig in raspberrypi/linux; huge pages off: modelling choice",
    "kernel at 0x8000: the firmware's place for a 32-bit kernel; its sizes: modelling choice",
  ],
});

/** The boards of this file; lists show them in this order. */
export const RASPBERRY_PIS = [
  RASPBERRY_PI_3,
  RASPBERRY_PI_4,
  RASPBERRY_PI_CM4_8GB,
  RASPBERRY_PI_5,
  RASPBERRY_PI_4_32BIT,
] as const;
