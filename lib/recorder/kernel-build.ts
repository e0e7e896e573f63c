/** Builds a kernel from Debian's source package, with the compilers of a root and a configuration of our own. */
import { availableParallelism } from "node:os";
import type { Architecture } from "./architectures";
import { runInside } from "./inside-root";

/** Where the kernel is built, as programs in the root see it. */
export const BUILD_FOLDER = "/usr/src/kernel";

/** Functions that the module probes must not be merged into their only caller. */
const KEPT = ["page_alloc", "vmscan", "migrate", "vmstat"]
  .map((file) => `CFLAGS_${file}.o=-fno-inline-functions-called-once`)
  .join(" ");

/**
 * Builds the kernel of the package `source`, whose configuration is <work>/<arch>.config; returns its release, as in
 * `uname -r`.
 */
export function buildKernel(root: string, work: string, source: string, arch: Architecture): string {
  const make = `make -s O=${BUILD_FOLDER} ${arch.make}`;
  const script = [
    "export PATH=/usr/sbin:/usr/bin KBUILD_BUILD_USER=pageblock KBUILD_BUILD_HOST=recorder",
    `rm -rf ${BUILD_FOLDER} /usr/src/${source}`,
    `mkdir ${BUILD_FOLDER}`,
    "cd /usr/src",
    `tar xf ${source}.tar.xz --no-same-owner`,
    `cd ${source}`,
    `KCONFIG_ALLCONFIG=/work/${arch.name}.config ${make} allnoconfig 1>&2`,
    `nice ${make} -j${availableParallelism()} ${KEPT} Image modules 1>&2`,
    `${make} kernelrelease`,
  ];
  return runInside(root, work, script.join(" && ")).trim();
}
