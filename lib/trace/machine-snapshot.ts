/**
 * A snapshot of a machine: the texts of its /proc and /sys that say how its memory is used, as the kernel printed them, in one
 * file. Versioned JSON, packed with gzip. It holds no names of processes and no addresses but the ranges of RAM.
 */
import { gzipSync } from "node:zlib";
import { InputError, quoted } from "../base/errors";
import { isDeeperThan } from "../base/json-depth";
import { readOutsideText } from "../base/outside-file";
import { writeAtomically } from "../base/write-atomically";
import { FRAMES_MOST } from "../machine/frame-map";
import { check } from "../schema/check";
import { list, literal, type OutOf, object, optional, record, text, whole } from "../schema/field";
import { fieldPath } from "../schema/place";

/** Version of the format. Readers know all versions up to their own. */
export const SNAPSHOT_VERSION = 1;

/** Texts of /proc by the name of their file. */
export const SNAPSHOT_TEXTS = [
  "buddyinfo",
  "pagetypeinfo",
  "zoneinfo",
  "meminfo",
  "vmstat",
  "slabinfo",
  "uptime",
  "cmdline",
  "iomem",
] as const;
export type SnapshotText = (typeof SNAPSHOT_TEXTS)[number];

/** Bytes of one text; /proc/zoneinfo of 1024 CPUs on 64 nodes has some MiB. */
export const TEXT_BYTES_MOST = 16 * 2 ** 20;
const FRAMES_BYTES_MOST = 128 * 2 ** 20;

const short = (doc: string) => text(doc, { longest: 200 });

const HUGE_POOL = object("a pool of huge pages", {
  node: optional(whole("its node; left out: all nodes together", "", { most: 1023 })),
  bytes: whole("size of a huge page", "bytes", { most: 2 ** 40 }),
  total: whole("pages in the pool", "pages", { most: FRAMES_MOST }),
  free: whole("of them free", "pages", { most: FRAMES_MOST }),
  surplus: optional(whole("beyond the number that was set", "pages", { most: FRAMES_MOST })),
  reserved: optional(whole("free, but promised", "pages", { most: FRAMES_MOST })),
});

const UNREAD = object("a file that could not be read", {
  what: short("its path on the machine"),
  why: short("the reason"),
});

const FIELDS = {
  format: literal("pageblock-snapshot"),
  version: literal(SNAPSHOT_VERSION),
  kernel: optional(short("the kernel's release, as uname -r prints it")),
  arch: optional(short("the processor, as uname -m prints it")),
  pageSize: optional(whole("bytes of a page", "bytes", { least: 1024, most: 2 ** 20 })),
  cpus: optional(whole("processors that are online", "CPUs", { least: 1, most: 2 ** 16 })),
  texts: object(
    "texts of /proc",
    Object.fromEntries(
      SNAPSHOT_TEXTS.map((t) => [t, optional(text(`/proc/${t}`, { longest: TEXT_BYTES_MOST }))]),
    ) as Record<SnapshotText, ReturnType<typeof optional<ReturnType<typeof text>>>>,
  ),
  sysctls: record("settings under /proc/sys/vm by name", text("a setting", { longest: 4096 })),
  thp: record(
    "settings under /sys/kernel/mm/transparent_hugepage by path",
    text("a setting", { longest: 4096 }),
  ),
  hugepages: list("pools of huge pages", HUGE_POOL, { most: 4096 }),
  frames: optional(
    text("class of each frame from 0 up, run-length coded: a letter and a number", {
      longest: FRAMES_BYTES_MOST,
    }),
  ),
  unread: list("files that could not be read", UNREAD, { most: 1000 }),
};
const SNAPSHOT = object("a snapshot of a machine", FIELDS);

/** A snapshot, checked. Texts are as the kernel printed them. */
export interface MachineSnapshot extends OutOf<typeof FIELDS> {}

/**
 * Reads a snapshot file, packed or not.
 * @throws InputError with the file and the field for anything else
 * @example
 * ```ts
 * import { readMachineSnapshot } from "pageblock";
 *
 * const snapshot = readMachineSnapshot("test/fixtures/live-machine/vm-6.18.snapshot.json.gz");
 * snapshot.kernel; // => "6.18"
 * ```
 */
export function readMachineSnapshot(file: string): MachineSnapshot {
  return parseMachineSnapshot(readOutsideText(file), file);
}

/** A snapshot has lists of objects within an object. */
const DEPTH_MOST = 64;

/** The snapshot in a text; `file` names it in errors. */
export function parseMachineSnapshot(json: string, file: string): MachineSnapshot {
  let value: unknown;
  if (isDeeperThan(json, DEPTH_MOST))
    throw new InputError(`${file}: is no snapshot: its JSON must be at most ${DEPTH_MOST} levels deep`);
  try {
    value = JSON.parse(json);
  } catch {
    throw new InputError(
      `${file}: is no snapshot: it must be JSON: begins with ${quoted(json.slice(0, 40).replace(/[^ -~]+/g, "?"))}`,
    );
  }
  const { version } = (value ?? {}) as { version?: unknown };
  if (typeof version === "number" && version > SNAPSHOT_VERSION)
    throw new InputError(
      `${file}: snapshots up to version ${SNAPSHOT_VERSION} can be read: got ${quoted(version)}: a newer pageblock wrote it`,
    );
  return check(SNAPSHOT, value, (path, key) => `${file}: ${fieldPath(path, key)}`);
}

/** Whether a text begins like a snapshot. */
export function isMachineSnapshot(bytes: Buffer): boolean {
  return /^\s{0,20}\{\s{0,20}"format"\s{0,5}:\s{0,5}"pageblock-snapshot"/.test(
    bytes.toString("latin1", 0, 100),
  );
}

/** Writes a snapshot: the whole file or none. */
export function writeMachineSnapshot(file: string, snapshot: MachineSnapshot): void {
  writeAtomically(file, gzipSync(`${JSON.stringify(snapshot, null, 1)}\n`));
}

/** One text of a snapshot. Throws InputError that says why it is not there. */
export function textOf(snapshot: MachineSnapshot, what: SnapshotText, file: string): string {
  const found = snapshot.texts[what];
  if (found !== undefined) return found;
  const why = snapshot.unread.find((u) => u.what === `/proc/${what}`)?.why;
  throw new InputError(`${file}: holds no ${what}: ${why ?? "it was not taken"}`);
}
