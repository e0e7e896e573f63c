/**
 * Boards without memory of their own, one for each architecture: for machines whose ranges a plan gives. The image
 * lies where the architecture's kernel lies in the first range that has room for it.
 */
import { GiB, KiB, MiB } from "../../base/units";
import { described, type KernelBuild, USUAL_SPEED, USUAL_SPEED_SOURCE } from "../board";
import { ARM64_DISTRIBUTIONS } from "../distributions";
import type { Architecture } from "../page-geometry";

interface Blank {
  pageSizes: readonly number[];
  /** Bytes between the start of memory and the image. */
  imageOffset: number;
  imageBytes: number;
  initBytes: number;
  earlyBytes: number;
  lateBytes: number;
  cmaBytes: number;
  dmaBits: number;
  /** Why the image lies there. */
  placed: string;
}

const blank = <const N extends string>(
  name: N,
  architecture: Architecture,
  { pageSizes, imageOffset, placed, ...sizes }: Blank,
) => {
  const each = (bytes: number) =>
    Object.fromEntries(pageSizes.map((p) => [p, { huge: bytes, nohuge: bytes }]));
  const build: KernelBuild = {
    imageStart: imageOffset,
    imageBytes: each(sizes.imageBytes),
    initBytes: each(sizes.initBytes),
    earlyBytes: each(sizes.earlyBytes),
    lateBytes: each(sizes.lateBytes),
    cma: true,
    cmaBytes: sizes.cmaBytes,
  };
  return described({
    name,
    title: `blank board, ${architecture}`,
    architecture,
    pageSizes,
    blank: true,
    memory: { default: GiB, smallest: MiB, largest: 2 ** 50 },
    cpus: 4,
    speed: USUAL_SPEED,
    windows: [],
    dmaBits: sizes.dmaBits,
    reservations: [],
    build,
    ...(architecture === "arm64" && { distributions: ARM64_DISTRIBUTIONS }),
    sources: [
      placed,
      "sizes of the image, early and late bytes, configured CMA area, processors: modelling choice, to be stated for a machine of one's own",
      USUAL_SPEED_SOURCE,
    ],
  });
};

const ARM64 = {
  imageBytes: 32 * MiB,
  initBytes: 4 * MiB,
  earlyBytes: MiB,
  lateBytes: 2 * MiB,
  cmaBytes: 64 * MiB,
};

const SMALL = {
  imageBytes: 14 * MiB,
  initBytes: MiB,
  earlyBytes: 256 * KiB,
  lateBytes: 256 * KiB,
  cmaBytes: 16 * MiB,
};

/** The boards of this file; lists show them in this order. */
export const BLANK_BOARDS = [
  blank("blank-arm64", "arm64", {
    pageSizes: [4 * KiB, 16 * KiB, 64 * KiB],
    imageOffset: 2 * MiB,
    dmaBits: 32,
    ...ARM64,
    placed: "image at 2 MiB above the start of memory: Documentation/arch/arm64/booting.rst",
  }),
  blank("blank-x86-64", "x86-64", {
    pageSizes: [4 * KiB],
    imageOffset: 16 * MiB,
    dmaBits: 32,
    ...ARM64,
    cmaBytes: 0,
    placed: "image at 16 MiB: CONFIG_PHYSICAL_START of arch/x86/Kconfig",
  }),
  blank("blank-arm", "arm", {
    pageSizes: [4 * KiB],
    imageOffset: 2 * MiB,
    dmaBits: 32,
    ...SMALL,
    placed:
      "image 2 MiB above the start of memory: TEXT_OFFSET 0x8000 of arch/arm/Makefile, rounded to the sections of a kernel with CONFIG_STRICT_KERNEL_RWX",
  }),
  blank("blank-mips", "mips", {
    pageSizes: [4 * KiB, 16 * KiB],
    imageOffset: MiB,
    dmaBits: 32,
    ...SMALL,
    imageBytes: 11 * MiB,
    placed: "image at 1 MiB: load-y of arch/mips/*/Platform is 0x80010000 to 0x80100000 on most platforms",
  }),
  blank("blank-riscv64", "riscv64", {
    pageSizes: [4 * KiB],
    imageOffset: 2 * MiB,
    dmaBits: 32,
    ...ARM64,
    placed: "image at 2 MiB above the start of memory: Documentation/arch/riscv/boot.rst",
  }),
  blank("blank-ppc64", "ppc64", {
    pageSizes: [64 * KiB, 4 * KiB],
    imageOffset: 0,
    dmaBits: 64,
    ...ARM64,
    cmaBytes: 0,
    placed: "image at 0: the Linux on POWER convention",
  }),
] as const;
