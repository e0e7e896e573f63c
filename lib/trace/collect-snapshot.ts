/** Takes a snapshot of a machine: reads /proc and /sys, or copies of them. A file that cannot be read is noted, and no error. */
import type { ArchivedFile } from "../base/archive";
import { errorOf, InputError } from "../base/errors";
import { readOutside } from "../base/outside-file";
import { codeClasses, FRAME_LETTERS, FRAMES_MOST } from "../machine/frame-map";
import { readKpageflags } from "./frame-classes";
import {
  type MachineSnapshot,
  SNAPSHOT_TEXTS,
  SNAPSHOT_VERSION,
  type SnapshotText,
} from "./machine-snapshot";
import { pageSizeFromAuxv, pageSizeIn } from "./page-size";
import { archiveSource, liveSource, type SnapshotSource, sourceOf } from "./snapshot-sources";

export interface SnapshotOptions {
  /** Also the class of every page frame, from /proc/kpageflags. Default false. */
  kpageflags?: boolean;
  /** Only these texts of /proc. Default: all of them. */
  texts?: readonly SnapshotText[];
}

/**
 * A snapshot of this machine, or of one whose /proc and /sys are mounted or copied elsewhere.
 * @throws InputError if not even buddyinfo, zoneinfo or meminfo can be read
 * @example
 * ```ts
 * import { snapshotOf } from "pageblock";
 *
 * const { texts } = snapshotOf("/proc", "/sys");
 * texts.meminfo?.startsWith("MemTotal:"); // => true
 * ```
 */
export function snapshotOf(proc = "/proc", sys = "/sys", options: SnapshotOptions = {}): MachineSnapshot {
  const source = liveSource(proc, sys);
  const taken = takenFrom(source, options, proc);
  const told = pageSizeFromAuxv(`${proc}/self/auxv`);
  return told === undefined ? taken : { ...taken, pageSize: told };
}

/**
 * The snapshot that copies make: a folder with `proc/` and `sys/` or with texts side by side, a tar or zip of one, or single texts of
 * /proc such as buddyinfo and pagetypeinfo. One path may be given by itself.
 * @throws InputError if none of buddyinfo, zoneinfo and meminfo is there
 * @example
 * ```ts
 * import { snapshotFrom } from "pageblock";
 *
 * const { unread } = snapshotFrom(["test/fixtures/real-machine/series/s000"]);
 * unread.length; // => 0
 * ```
 */
export function snapshotFrom(paths: string | readonly string[]): MachineSnapshot {
  const all = typeof paths === "string" ? [paths] : paths;
  return takenFrom(sourceOf(all), { kpageflags: true }, all[0]!);
}

/** The same for the files of an archive that was read. */
export function snapshotOfArchive(files: readonly ArchivedFile[], path: string): MachineSnapshot {
  return takenFrom(archiveSource(files), { kpageflags: true }, path);
}

function takenFrom(source: SnapshotSource, options: SnapshotOptions, where: string): MachineSnapshot {
  const unread: MachineSnapshot["unread"] = [];
  const read = (path: string): string | undefined => {
    const got = source.read(path);
    if (got === undefined) return undefined;
    if ("text" in got) return got.text;
    unread.push({ what: `/${path}`, why: got.why.slice(0, 200) });
    return undefined;
  };
  const texts = textsOf(read, unread, options.texts);
  if (texts.buddyinfo === undefined && texts.zoneinfo === undefined && texts.meminfo === undefined)
    throw new InputError(
      `${where}: none of buddyinfo, zoneinfo and meminfo can be read, which say how memory is used${unread[0] === undefined ? "" : `: ${unread[0].what}: ${unread[0].why}`}`,
    );
  const kernel = read("proc/sys/kernel/osrelease") ?? releaseIn(read("proc/version"));
  const arch = quiet(source, "proc/sys/kernel/arch");
  const cpus = onlineCpus(quiet(source, "sys/devices/system/cpu/online")) ?? cpusIn(texts.zoneinfo);
  const pageSize = Number(quiet(source, "proc/page_size")) || pageSizeIn(texts);
  const frames = options.kpageflags === true ? framesOf(source, unread) : undefined;
  return {
    format: "pageblock-snapshot",
    version: SNAPSHOT_VERSION,
    ...(kernel !== undefined && { kernel: kernel.trim().slice(0, 200) }),
    ...(arch !== undefined && { arch: arch.trim().slice(0, 200) }),
    ...(pageSize !== undefined && { pageSize }),
    ...(cpus !== undefined && { cpus }),
    texts,
    sysctls: settings(source, "proc/sys/vm", VM_SYSCTLS),
    thp: settings(source, "sys/kernel/mm/transparent_hugepage", thpSettings(source)),
    hugepages: hugePools(source),
    ...(frames !== undefined && { frames }),
    unread,
  };
}

/** A text that nobody misses where it does not exist. */
function quiet(source: SnapshotSource, path: string): string | undefined {
  const got = source.read(path);
  return got !== undefined && "text" in got ? got.text : undefined;
}

function textsOf(
  read: (path: string) => string | undefined,
  unread: MachineSnapshot["unread"],
  wanted: readonly SnapshotText[] = SNAPSHOT_TEXTS,
): MachineSnapshot["texts"] {
  const texts: Partial<Record<SnapshotText, string>> = {};
  for (const name of wanted) {
    const text = read(`proc/${name}`);
    if (text === undefined) continue;
    const kept = name === "cmdline" ? memoryParameters(text) : name === "iomem" ? ramRanges(text) : text;
    if (kept === undefined)
      unread.push({ what: "/proc/iomem", why: "addresses are hidden from all but root" });
    else texts[name] = kept;
  }
  return texts;
}

/** Parameters of the kernel's command line that concern memory. Others may hold names, addresses or secrets. */
const MEMORY_PARAMETERS =
  /^(?:cma|cma_pernuma|numa_cma|hugepages|hugepagesz|default_hugepagesz|hugetlb_[a-z_]{1,30}|mem|memmap|memblock|memhp_default_state|memory_hotplug\.[a-z_]{1,40}|movablecore|kernelcore|movable_node|transparent_hugepage(?:_[a-z]{1,20})?|thp_(?:anon|shmem)|numa|numa_balancing|numa_zonelist_order|page_alloc\.shuffle|page_owner|page_poison|page_reporting\.[a-z_]{1,40}|page_table_check|debug_pagealloc|init_on_alloc|init_on_free|slub_[a-z_]{1,20}|slab_[a-z_]{1,20}|swiotlb|coherent_pool|crashkernel|reserve_mem|vmalloc|highmem|percpu_alloc|deferred_init|kasan|kfence\.[a-z_]{1,30}|zswap\.[a-z_]{1,30}|lru_gen[a-z_.]{0,20}|nokaslr|nohugeiomap|hashdist|dhash_entries|ihash_entries|total_mem|gpu_mem)(?:=|$)/;

/** The parameters of a command line that concern memory, in order; what follows `--` is the first program's. */
export function memoryParameters(cmdline: string): string {
  const own = cmdline.trim().split(/\s+/);
  const end = own.indexOf("--");
  return own
    .slice(0, end < 0 ? own.length : end)
    .filter((p) => p.length <= 200 && MEMORY_PARAMETERS.test(p))
    .join(" ");
}

const RANGE = /^ {0,20}([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (System RAM|[Rr]eserved)[^\S\n]{0,5}$/;

/** Lines of iomem for RAM and reserved ranges; undefined if all addresses are 0, as the kernel shows them to ordinary users. */
export function ramRanges(iomem: string): string | undefined {
  const kept = iomem.split("\n").filter((line) => line.length < 200 && RANGE.test(line));
  const hidden = kept.every((line) => /^ {0,20}0{1,16}-0{1,16} :/.test(line));
  return hidden ? undefined : kept.map((line) => `${line}\n`).join("");
}

/** Settings under /proc/sys/vm that bear on allocations. */
const VM_SYSCTLS = [
  "min_free_kbytes",
  "watermark_scale_factor",
  "watermark_boost_factor",
  "lowmem_reserve_ratio",
  "extfrag_threshold",
  "compaction_proactiveness",
  "compact_unevictable_allowed",
  "defrag_mode",
  "percpu_pagelist_fraction",
  "percpu_pagelist_high_fraction",
  "nr_hugepages",
  "nr_overcommit_hugepages",
  "hugetlb_optimize_vmemmap",
  "overcommit_memory",
  "overcommit_ratio",
  "overcommit_kbytes",
  "swappiness",
  "vfs_cache_pressure",
  "zone_reclaim_mode",
  "min_slab_ratio",
  "min_unmapped_ratio",
  "dirty_ratio",
  "dirty_background_ratio",
  "stat_interval",
  "admin_reserve_kbytes",
  "user_reserve_kbytes",
];

function settings(source: SnapshotSource, folder: string, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const text = quiet(source, `${folder}/${name}`)?.trim();
    if (text !== undefined && text.length <= 4096) found[name] = text;
  }
  return found;
}

function thpSettings(source: SnapshotSource): string[] {
  const sizes = source
    .list("sys/kernel/mm/transparent_hugepage")
    .filter((name) => /^hugepages-\d{1,10}kB$/.test(name))
    .slice(0, 64)
    .map((name) => `${name}/enabled`);
  return ["enabled", "defrag", "shmem_enabled", "use_zero_page", "khugepaged/defrag", ...sizes];
}

/** Pools of every size: of the machine, and of each node. */
function hugePools(source: SnapshotSource): MachineSnapshot["hugepages"] {
  const nodes = source
    .list("sys/devices/system/node")
    .filter((name) => /^node\d{1,4}$/.test(name))
    .slice(0, 1024);
  const pools = [
    ...poolsIn(source, "sys/kernel/mm/hugepages"),
    ...nodes.flatMap((node) =>
      poolsIn(source, `sys/devices/system/node/${node}/hugepages`).map((pool) => ({
        node: Number(node.slice(4)),
        ...pool,
      })),
    ),
  ];
  return pools.slice(0, 4096);
}

function poolsIn(source: SnapshotSource, folder: string): MachineSnapshot["hugepages"] {
  return source.list(folder).flatMap((name) => {
    const kib = /^hugepages-(\d{1,10})kB$/.exec(name)?.[1];
    const number = (file: string) => {
      const text = quiet(source, `${folder}/${name}/${file}`)?.trim();
      return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    };
    const total = number("nr_hugepages");
    if (kib === undefined || total === undefined) return [];
    const surplus = number("surplus_hugepages");
    const reserved = number("resv_hugepages");
    return [
      {
        bytes: Number(kib) * 1024,
        total,
        free: number("free_hugepages") ?? 0,
        ...(surplus !== undefined && { surplus }),
        ...(reserved !== undefined && { reserved }),
      },
    ];
  });
}

function framesOf(source: SnapshotSource, unread: MachineSnapshot["unread"]): string | undefined {
  try {
    if (source.classes !== undefined) return classFile(source.classes);
    return source.kpageflags === undefined ? undefined : readKpageflags(source.kpageflags);
  } catch (error) {
    const denied = errorOf(error).message.endsWith("permission denied");
    unread.push({
      what: "/proc/kpageflags",
      why: denied ? "permission denied" : errorOf(error).message.slice(0, 200),
    });
    return undefined;
  }
}

function classFile(file: string): string {
  const classes = readOutside(file, { bytes: FRAMES_MOST });
  const bad = classes.findIndex((c) => c >= FRAME_LETTERS.length);
  if (bad >= 0)
    throw new InputError(
      `${file}: frame ${bad}: a class is from 0 to ${FRAME_LETTERS.length - 1}: got ${classes[bad]}`,
    );
  return codeClasses(classes);
}

/** `Linux version 6.1.0-9-amd64 (…` */
function releaseIn(version: string | undefined): string | undefined {
  return /^Linux version (\S{1,100})/.exec(version ?? "")?.[1];
}

/** `0-3,5` → 5. */
function onlineCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  let cpus = 0;
  for (const part of text.trim().slice(0, 4096).split(",")) {
    const m = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (m === null) return undefined;
    cpus += m[2] === undefined ? 1 : Math.max(0, Number(m[2]) - Number(m[1]) + 1);
  }
  return cpus >= 1 && cpus <= 2 ** 16 ? cpus : undefined;
}

/** The highest CPU with lists of its own. */
function cpusIn(zoneinfo: string | undefined): number | undefined {
  let most = -1;
  for (const m of (zoneinfo ?? "").matchAll(/^ {4}cpu: (\d{1,5})$/gm)) most = Math.max(most, Number(m[1]));
  return most < 0 ? undefined : most + 1;
}
