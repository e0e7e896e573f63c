/**
 * Fetches a kernel of Debian, its headers and the tools that build a module for it, into a folder of their own. The
 * lists, keys and packages of this machine's own apt stay as they are, and nothing is installed.
 */
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError, quoted } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { ARCHITECTURES, type Architecture } from "./architectures";
import { buildKernel } from "./kernel-build";
import { runTool } from "./tool";

/** A kernel that can be recorded, and the suites of Debian that have it. */
interface Source {
  kernel: string;
  suite: string;
  /** Suites whose packages are wanted before others. */
  target?: string;
  security: string;
  arch: string;
  /** Package of its source, if the kernel is built here and not fetched. */
  source?: string;
}

const MIRROR = "http://deb.debian.org";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const SOURCES: readonly Source[] = [
  { kernel: "6.1", arch: "x86-64", suite: "bookworm", security: "bookworm-security" },
  { kernel: "6.12", arch: "x86-64", suite: "trixie", security: "trixie-security" },
  { kernel: "7.3", arch: "x86-64", suite: "trixie", target: "trixie-backports", security: "trixie-security" },
  {
    kernel: "6.1",
    arch: "arm64",
    suite: "bookworm",
    security: "bookworm-security",
    source: "linux-source-6.1",
  },
];

/** The kernels that `--kernel` takes. */
export const RECORDED_KERNELS: readonly string[] = [...new Set(SOURCES.map((source) => source.kernel))];

/** What a root needs to run make in it; the headers bring the compiler. */
const TOOLS = "make binutils libc6-dev dash bash coreutils sed mawk grep findutils gzip kmod".split(" ");

/** What else builds a kernel, and compiles for another architecture. */
const CROSS_TOOLS =
  "gcc bc bison flex diffutils tar xz-utils perl-base gcc-aarch64-linux-gnu libc6-dev-arm64-cross".split(" ");

/** Folders that Debian has merged: packages may still name the old ones. */
const MERGED = ["bin", "sbin", "lib", "lib64"];

/** A folder with a kernel and what builds its module. */
export interface KernelRoot {
  root: string;
  /** As in `uname -r`. */
  release: string;
  arch: Architecture;
}

/** Which kernel. */
export interface KernelChoice {
  kernel: string;
  /** Name of its architecture. */
  arch: string;
}

function sourceOf({ kernel, arch }: KernelChoice): Source {
  if (!RECORDED_KERNELS.includes(kernel))
    throw new InputError(`--kernel: must be one of ${RECORDED_KERNELS.join(", ")}: got ${quoted(kernel)}`);
  const source = SOURCES.find((s) => s.kernel === kernel && s.arch === arch);
  const has = SOURCES.filter((s) => s.kernel === kernel).map((s) => s.arch);
  if (source === undefined)
    throw new InputError(`--arch: must be ${has.join(" or ")} for Linux ${kernel}: got ${quoted(arch)}`);
  return source;
}

/** A kernel in the names of folders. */
export const kernelName = ({ kernel, arch }: KernelChoice): string =>
  arch === "x86-64" ? kernel : `${kernel}-${arch}`;

/** The folder of a cache that holds a kernel. */
export const kernelFolder = (cache: string, choice: KernelChoice): string => join(cache, kernelName(choice));

/** Unpacks what recording a kernel takes below `cache`, or finds it there. `note` is told what takes time. */
export function kernelRoot(choice: KernelChoice, cache: string, note: (text: string) => void): KernelRoot {
  const source = sourceOf(choice);
  const arch = ARCHITECTURES.find((a) => a.name === choice.arch)!;
  const dir = kernelFolder(cache, choice);
  const done = join(dir, "release");
  const root = join(dir, "root");
  if (existsSync(done)) return { root, release: readFileSync(done, "latin1").trim(), arch };
  rmSync(dir, { recursive: true, force: true });
  note(`fetching Debian's packages for Linux ${choice.kernel} (about 250 MB)`);
  const options = ownApt(dir, source);
  const archives = join(dir, "archives");
  const unpacked = () => {
    note("unpacking them");
    unpack(archives, root);
  };
  let release: string;
  if (source.source === undefined) {
    release = newest(options, choice.kernel);
    download(options, archives, release);
    unpacked();
  } else {
    fetchPackages(options, [source.source, ...CROSS_TOOLS, ...TOOLS]);
    unpacked();
    note("building the kernel: some 10 minutes of one processor");
    release = buildKernel(root, join(sourceFolder(), "kernel"), source.source, arch);
  }
  writeFileSync(done, `${release}\n`);
  return { root, release, arch };
}

/** Fetches packages and what they need. */
function fetchPackages(options: readonly string[], names: readonly string[]): void {
  runTool("apt-get", [...options, "-qq", "-y", "install", "--download-only", ...names]);
}

/** Where the sources lie: beside this file in the repository, two folders up from the compiled one. */
export function sourceFolder(): string {
  for (const folder of [__dirname, resolve(__dirname, "../../lib/recorder")])
    if (existsSync(join(folder, "module/Kbuild"))) return folder;
  throw new InputError("record: the sources of the module are not here: run it in a clone of the repository");
}

/** Options by which apt works in `dir` alone. */
function ownApt(dir: string, { suite, target, security }: Source): string[] {
  for (const folder of ["lists/partial", "archives/partial"]) makeFolder(join(dir, folder));
  writeFileSync(join(dir, "status"), "");
  const line = (base: string, name: string) => `deb [signed-by=${KEYRING}] ${MIRROR}/${base} ${name} main\n`;
  const suites = [suite, `${suite}-updates`, ...(target === undefined ? [] : [target])];
  writeFileSync(
    join(dir, "sources.list"),
    suites.map((name) => line("debian", name)).join("") + line("debian-security", security),
  );
  const set = {
    "Dir::Etc::sourcelist": join(dir, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::State": dir,
    "Dir::State::lists": join(dir, "lists"),
    "Dir::State::status": join(dir, "status"),
    "Dir::Cache": dir,
    "Dir::Cache::archives": join(dir, "archives"),
    "APT::Architecture": "amd64",
    "APT::Install-Recommends": "0",
    "APT::Sandbox::User": "root",
    ...(target === undefined ? {} : { "APT::Default-Release": target }),
  };
  const options = Object.entries(set).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  runTool("apt-get", [...options, "-qq", "update"]);
  return options;
}

/** The release of the newest kernel of the suite, as in `uname -r`. */
function newest(options: readonly string[], kernel: string): string {
  const text = runTool("apt-cache", [...options, "show", "linux-image-amd64"]);
  for (const match of text.matchAll(/\blinux-image-(\d[\w.+~-]{1,60}-amd64)\b/g))
    if (match[1]!.startsWith(`${kernel}.`)) return match[1]!;
  const has = /\blinux-image-(\d[\w.+~-]{1,60}-amd64)\b/.exec(text)?.[1] ?? "none";
  throw new InputError(`--kernel ${kernel}: Debian's suite has it no longer: it has ${has}`);
}

function download(options: readonly string[], archives: string, release: string): void {
  const quiet = [...options, "-qq", "-y"];
  fetchPackages(options, [`linux-headers-${release}`, ...TOOLS]);
  runTool("apt-get", [...quiet, "download", `linux-image-${release}`], archives);
  // From 7.0 on the kernel itself is in a package of its own.
  const needs = runTool("apt-cache", [...options, "depends", `linux-image-${release}`]);
  for (const match of needs.matchAll(/Depends: (linux-binary-[\w.+~-]{1,60})/g))
    runTool("apt-get", [...quiet, "download", match[1]!], archives);
}

function unpack(archives: string, root: string): void {
  for (const name of MERGED) {
    makeFolder(join(root, "usr", name));
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const file of readdirSync(archives))
    if (file.endsWith(".deb"))
      runTool("sh", [
        "-c",
        'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink --no-same-owner -C "$1"',
        join(archives, file),
        root,
      ]);
  for (const [name, target] of [
    ["sh", "dash"],
    ["awk", "mawk"],
  ] as const)
    if (!existsSync(join(root, "usr/bin", name))) symlinkSync(target, join(root, "usr/bin", name));
  makeFolder(join(root, "work"));
}
