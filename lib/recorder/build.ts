/** Builds the module and the guest's first process with the compiler of the kernel's own distribution. */
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { runInside } from "./inside-root";
import { BUILD_FOLDER } from "./kernel-build";
import { type KernelRoot, sourceFolder } from "./packages";

/** The files that the guest starts with. */
export interface Built {
  init: Buffer;
  module: Buffer;
  kernel: string;
}

/** Since 7.0 the image lies beside the kernel's modules; that of a kernel built here, where it was built. */
function kernelImage(root: string, release: string): string {
  const places = [
    `boot/vmlinuz-${release}`,
    `usr/lib/modules/${release}/vmlinuz`,
    `${BUILD_FOLDER}/arch/arm64/boot/Image`,
  ].map((p) => join(root, p));
  const found = places.find((path) => existsSync(path));
  if (found === undefined)
    throw new InputError(`record: no image of Linux ${release} at ${places.join(" or ")}`);
  return found;
}

/** Builds for the kernel of `root` in the folder `work`. */
export function build({ root, release, arch }: KernelRoot, work: string): Built {
  const sources = sourceFolder();
  for (const part of ["module", "guest"]) {
    rmSync(join(work, part), { recursive: true, force: true });
    cpSync(join(sources, part), join(work, part), { recursive: true });
  }
  makeFolder(join(root, "work"));
  const headers = arch.name === "x86-64" ? `/usr/src/linux-headers-${release}` : BUILD_FOLDER;
  const script = [
    "export PATH=/usr/sbin:/usr/bin",
    `cc=${arch.compiler}`,
    `make -s -C ${headers} M=/work/module ${arch.make} modules`,
    `${arch.strip} -g /work/module/pageblock_recorder.ko`,
    '"$cc" -static -O2 -Wall -o /work/init /work/guest/*.c',
  ].join(" && ");
  runInside(root, work, script);
  return {
    init: readFileSync(join(work, "init")),
    module: readFileSync(join(work, "module/pageblock_recorder.ko")),
    kernel: kernelImage(root, release),
  };
}
