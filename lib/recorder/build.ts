/** Builds the module and the guest's first process with the compiler of the kernel's own distribution. */
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import type { KernelRoot } from "./packages";
import { runTool } from "./tool";

/** Where the sources lie: beside this file in the repository, two folders up from the compiled one. */
export function sourceFolder(): string {
  for (const folder of [__dirname, resolve(__dirname, "../../lib/recorder")])
    if (existsSync(join(folder, "module/Kbuild"))) return folder;
  throw new InputError("record: the sources of the module are not here: run it in a clone of the repository");
}

/** Programs that run in a root see `work` as /work. The mounts are theirs alone and end with them. */
const INSIDE = `
mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && mount --bind "$1" "$0/work" && exec chroot "$0" /bin/sh -c "$2"
`;

function runInside(root: string, work: string, script: string): void {
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  runTool("unshare", [...asRoot, "--mount", "sh", "-c", INSIDE, root, work, script]);
}

/** The files that the guest starts with. */
export interface Built {
  init: Buffer;
  module: Buffer;
  kernel: string;
}

/** Since 7.0 the image lies beside the kernel's modules. */
function kernelImage(root: string, release: string): string {
  const places = [`boot/vmlinuz-${release}`, `usr/lib/modules/${release}/vmlinuz`].map((p) => join(root, p));
  const found = places.find((path) => existsSync(path));
  if (found === undefined)
    throw new InputError(`record: no image of Linux ${release} at ${places.join(" or ")}`);
  return found;
}

/** Builds for the kernel of `root` in the folder `work`. */
export function build({ root, release }: KernelRoot, work: string): Built {
  const sources = sourceFolder();
  for (const part of ["module", "guest"]) {
    rmSync(join(work, part), { recursive: true, force: true });
    cpSync(join(sources, part), join(work, part), { recursive: true });
  }
  makeFolder(join(root, "work"));
  // The compiler is the newest gcc of the root: the headers name theirs, but only as a command of their own.
  const script = [
    "export PATH=/usr/sbin:/usr/bin",
    "cc=$(ls /usr/bin/x86_64-linux-gnu-gcc-[0-9]* | sort -V | tail -n 1)",
    `make -s -C /usr/src/linux-headers-${release} M=/work/module CC="$cc" modules`,
    "strip -g /work/module/pageblock_recorder.ko",
    '"$cc" -static -O2 -Wall -o /work/init /work/guest/*.c',
  ].join(" && ");
  runInside(root, work, script);
  return {
    init: readFileSync(join(work, "init")),
    module: readFileSync(join(work, "module/pageblock_recorder.ko")),
    kernel: kernelImage(root, release),
  };
}
