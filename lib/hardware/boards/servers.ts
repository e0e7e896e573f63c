/** A PC, an arm64 server and a POWER server: plain memory maps, for comparison with the small boards. */
import { GiB, KiB, MiB } from "../../base/units";
import { type Board, described, USUAL_SPEED, USUAL_SPEED_SOURCE } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";

const sizes = (pageSizes: readonly number[], bytes: number) =>
  Object.fromEntries(pageSizes.map((p) => [p, { huge: bytes, nohuge: bytes }]));

export const PC_X86_64 = described({
  name: "pc-x86-64",
  title: "PC, x86-64",
  architecture: "x86-64",
  pageSizes: [4 * KiB],
  memory: { default: 4 * GiB, smallest: 256 * MiB, largest: 1024 * GiB },
  cpus: 1,
  speed: USUAL_SPEED,
  windows: [
    { start: 0, end: 3 * GiB },
    { start: 4 * GiB, end: 1028 * GiB },
  ],
  holes: [
    { start: 0, end: 4 * KiB },
    { start: 0x9f000, end: MiB },
  ],
  firmwareTop: { bytes: 152 * KiB, below: 3 * GiB },
  dmaBits: 32,
  initrd: { what: "initrd", start: 64 * MiB, bytes: 7360 * KiB },
  reservations: [{ what: "first megabyte", start: 4 * KiB, bytes: MiB - 4 * KiB }],
  build: {
    imageStart: 16 * MiB,
    imageBytes: { [4 * KiB]: { huge: 48088 * KiB, nohuge: 48088 * KiB } },
    initBytes: { [4 * KiB]: { huge: 2816 * KiB, nohuge: 2816 * KiB } },
    earlyBytes: { [4 * KiB]: { huge: 2 * MiB, nohuge: 2 * MiB } },
    lateBytes: { [4 * KiB]: { huge: 464 * KiB, nohuge: 464 * KiB } },
    cma: false,
    cmaBytes: 0,
  },
  sources: [
    "RAM below 3 GiB and from 4 GiB on, low memory without its last 152 KiB, first megabyte reserved, CONFIG_CMA not set: recordings of Debian 6.1.192 at 4 and 8 GB (kernel-truth/w1-files, boot-8G)",
    "image, early and late bytes: measured on the same recordings, equal at 4 and 8 GB",
    "init sections and initrd together 9.9 to 10.0 MiB: follows from the recorded watermarks at 2, 4 and 8 GB; the split and the place of the initrd are modelling choices",
    USUAL_SPEED_SOURCE,
  ],
});

const XEON_SOURCES = [
  "RAM below 3 GiB and from 4 GiB on, first megabyte reserved, image and initrd: as pc-x86-64 (recordings of Debian 6.1.192)",
  "nodes in equal parts, node 0 lowest; every pair of nodes equally far (SLIT 10 and 20), as the kernel assumes without a table: modelling choice",
  "CONFIG_CMA on without a configured area, as enterprise distributions build it: modelling choice",
  "sockets, CPUs, late bytes (per-CPU areas, 256 KiB a CPU): modelling choice",
  USUAL_SPEED_SOURCE,
];

/** Common to the two servers and the PC: firmware, kernel, the hole below 4 GiB. */
const xeon = <const N extends string>(
  board: Pick<Board, "title" | "memory" | "cpus" | "nodes"> & { name: N },
): Board & { name: N } => {
  const lateBytes = board.cpus * 256 * KiB;
  return {
    ...PC_X86_64,
    ...board,
    windows: [
      { start: 0, end: 3 * GiB },
      { start: 4 * GiB, end: board.memory.largest + GiB },
    ],
    build: {
      ...PC_X86_64.build,
      lateBytes: sizes([4 * KiB], lateBytes),
      cma: true,
    },
    sources: XEON_SOURCES,
  };
};

/** A server of 2018: two sockets, Skylake class. */
export const SERVER_X86_64 = xeon({
  name: "server-x86-64",
  title: "two-socket server, x86-64",
  memory: { default: 32 * GiB, smallest: 16 * GiB, largest: 1024 * GiB },
  cpus: 40,
  nodes: { default: 2, choices: [1, 2] },
});

/** A database server: eight sockets. */
export const DATABASE_X86_64 = xeon({
  name: "database-x86-64",
  title: "eight-socket database server, x86-64",
  memory: { default: 4096 * GiB, smallest: 128 * GiB, largest: 4096 * GiB },
  cpus: 224,
  nodes: { default: 8, choices: [8] },
});

export const SERVER_ARM64 = described({
  name: "server-arm64",
  title: "arm64 server",
  architecture: "arm64",
  pageSizes: [4 * KiB, 16 * KiB, 64 * KiB],
  memory: { default: 64 * GiB, smallest: 4 * GiB, largest: 1024 * GiB },
  cpus: 64,
  speed: USUAL_SPEED,
  windows: [
    { start: 2 * GiB, end: 4 * GiB },
    { start: 0x8000000000, end: 0x8000000000 + 1024 * GiB },
  ],
  dmaBits: 32,
  initrd: { what: "initrd", start: 0xf0000000, bytes: 48 * MiB },
  reservations: [{ what: "UEFI firmware and ACPI tables", start: 0xfc000000, bytes: 60 * MiB }],
  build: {
    imageStart: 0x80200000,
    imageBytes: sizes([4 * KiB, 16 * KiB, 64 * KiB], 40 * MiB),
    initBytes: sizes([4 * KiB, 16 * KiB, 64 * KiB], 8 * MiB),
    earlyBytes: sizes([4 * KiB, 16 * KiB, 64 * KiB], MiB),
    lateBytes: sizes([4 * KiB, 16 * KiB, 64 * KiB], 16 * MiB),
    cma: true,
    cmaBytes: 64 * MiB,
  },
  distributions: ARM64_DISTRIBUTIONS,
  sources: [
    "all figures: modelling choice, a server with 2 GiB of RAM below 4 GiB and the rest far above",
    USUAL_SPEED_SOURCE,
  ],
});

export const POWER_64K = described({
  name: "power-64k",
  title: "POWER server, radix MMU",
  architecture: "ppc64",
  pageSizes: [64 * KiB, 4 * KiB],
  memory: { default: 64 * GiB, smallest: 4 * GiB, largest: 1024 * GiB },
  cpus: 64,
  speed: USUAL_SPEED,
  windows: [{ start: 0, end: 1024 * GiB }],
  dmaBits: 64,
  initrd: { what: "initrd", start: 64 * MiB, bytes: 48 * MiB },
  reservations: [{ what: "device tree and OPAL firmware", start: 768 * MiB, bytes: 64 * MiB }],
  build: {
    imageStart: 0,
    imageBytes: sizes([64 * KiB, 4 * KiB], 48 * MiB),
    initBytes: sizes([64 * KiB, 4 * KiB], 8 * MiB),
    earlyBytes: sizes([64 * KiB, 4 * KiB], 4 * MiB),
    lateBytes: sizes([64 * KiB, 4 * KiB], 16 * MiB),
    cma: true,
    cmaBytes: 0,
  },
  sources: [
    "kernel at 0, one contiguous memory from 0: the Linux on POWER convention; all sizes are modelling choices",
    "an area asked for with cma= is modelled as a plain cma_declare_contiguous() without a limit; real POWER kernels use CMA for KVM and fadump",
    USUAL_SPEED_SOURCE,
  ],
});

/** The boards of this file; lists show them in this order. */
export const SERVERS = [PC_X86_64, SERVER_ARM64, POWER_64K, SERVER_X86_64, DATABASE_X86_64] as const;
