/** MediaTek routers: MT7986 (arm64) and MT7621 (32-bit MIPS). */
import { GiB, KiB, MiB } from "../../base/units";
import { described, USUAL_SPEED, USUAL_SPEED_SOURCE } from "../board";
import { USUAL_BUILD_SOURCES, usualBuild } from "./single-board";

const PAGE_SIZES = [4 * KiB] as const;
const START = 0x40000000;

export const MT7986 = described({
  name: "mediatek-mt7986",
  title: "MediaTek MT7986 (Banana Pi BPI-R3)",
  architecture: "arm64",
  pageSizes: PAGE_SIZES,
  memory: { default: 2 * GiB, smallest: 256 * MiB, largest: 2 * GiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [{ start: START, end: START + 2 * GiB }],
  dmaBits: 32,
  reservations: [{ what: "device tree", start: 0x47000000, bytes: 64 * KiB }],
  build: usualBuild(START, PAGE_SIZES, {
    imageStart: 0x44000000,
    cma: false,
    cmaBytes: 0,
    hugetlb: false,
    thp: false,
  }),
  deviceTree: [
    { name: "secmon@43000000", base: 0x43000000, bytes: 192 * KiB, noMap: true },
    { name: "wmcpu-reserved@4fc00000", base: 0x4fc00000, bytes: MiB, noMap: true },
    { name: "wo-emi@4fd00000", base: 0x4fd00000, bytes: 256 * KiB, noMap: true },
    { name: "wo-emi@4fd40000", base: 0x4fd40000, bytes: 256 * KiB, noMap: true },
    { name: "wo-data@4fd80000", base: 0x4fd80000, bytes: 2304 * KiB, noMap: true },
  ],
  sources: [
    "memory from 0x40000000: arch/arm64/boot/dts/mediatek/mt7986a-rfb.dts (1 GiB); 2 GB on a BPI-R3: device tree loaded below 0xc0000000 in openwrt/mt76 #1052",
    "the five regions: boot in ericwoud/buildR64arch #6; mt7986a.dtsi has the first two",
    "kernel at 0x44000000: Uncompressing Kernel Image to 44000000 in openwrt/mt76 #1052; device tree at 0x47000000: modelling choice (there at 0xbe7d8000)",
    "CONFIG_CMA, huge pages off: modelling choice after OpenWrt's boots, which print no area",
    ...USUAL_BUILD_SOURCES,
  ],
});

const each = (bytes: number) => ({ [4 * KiB]: { huge: bytes, nohuge: bytes } });

export const MT7621 = described({
  name: "mediatek-mt7621",
  title: "MediaTek MT7621 router",
  architecture: "mips",
  pageSizes: PAGE_SIZES,
  memory: { default: 128 * MiB, smallest: 64 * MiB, largest: 448 * MiB },
  cpus: 4,
  speed: USUAL_SPEED,
  windows: [{ start: 0, end: 448 * MiB }],
  dmaBits: 32,
  reservations: [],
  build: {
    imageStart: MiB,
    imageBytes: each(7 * MiB),
    initBytes: each(MiB / 2),
    earlyBytes: each(64 * KiB),
    lateBytes: each(128 * KiB),
    cma: false,
    cmaBytes: 0,
  },
  sources: [
    "128 MiB from 0 in one zone, 122228 kB of them managed: the out-of-memory report of an MT7621 with 5.4, openwrt/mt76 #592",
    "kernel at 1 MiB with 7 MiB, no CMA: modelling choice; more than 448 MiB lie above the peripherals and are left out",
    "4 CPUs: two cores of two threads [M]",
    USUAL_SPEED_SOURCE,
  ],
});

/** The boards of this file; lists show them in this order. */
export const MEDIATEK_BOARDS = [MT7986, MT7621] as const;
