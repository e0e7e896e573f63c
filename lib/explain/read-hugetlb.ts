/** Lines of huge pages at boot, of DPDK, and files under /sys/kernel/mm/hugepages. */
import { MiB } from "../base/units";
import { cmaLine } from "./draft";
import { refusedParameter } from "./hugetlb-parameters";
import type { LogLine } from "./joined-lines";
import type { CmaReading, HugetlbReading } from "./reading";
import { bootDraft, extend, filesFor, type LineReader, type Session } from "./session";

const UNIT_BYTES: Readonly<Record<string, number>> = { k: 1024, m: MiB, g: 1024 * MiB, t: 1024 * 1024 * MiB };

/** `1.00 GiB`, `64.0 KiB`, `2 MB`. */
function sizeOf(number: string, unit: string): number {
  return Math.round(Number(number) * (UNIT_BYTES[unit[0]!.toLowerCase()] ?? 1));
}

const ALLOCATING =
  /HugeTLB: allocating (\d{1,15}) of page size ([\d.]{1,10}) ?([KMGT]i?B) failed(?: node ?(\d{1,6}))?(?:\. {0,4}Only allocated (\d{1,15}))?/;
const REGISTERED =
  /HugeTLB:? registered ([\d.]{1,10}) ?([KMGT]i?B) page size, pre-allocated (\d{1,15}) pages/;

/** Lines from that of an area to that of its user. */
const OWN_LINES = 2;

const HUGETLB_CMA =
  /^hugetlb_cma: (?:(reserved?) (\d{1,12}) MiB|reservation failed: err (-?\d{1,5}))(?:,? (?:on )?node (\d{1,6})|, up to)?/;

/** The line of mm/cma.c just before is about the same area, which no driver uses. */
function takeOwnArea({ cmaBoot }: Session, { place }: LogLine): CmaReading | null {
  const last = cmaBoot?.reading.cma.at(-1);
  if (last === undefined || last.area !== null || place.first - last.place.last > OWN_LINES) return null;
  if (last.event !== "reserved" && last.event !== "reserve-failed") return null;
  return cmaBoot!.reading.cma.pop()!;
}

/** Areas from which pages of 1 GiB are made later (hugetlb_cma=). */
const contiguous: LineReader = (line, session) => {
  const refused = refusedParameter(line.text) !== null;
  const found = refused ? null : HUGETLB_CMA.exec(line.text);
  if (!found && !refused) return null;
  const { reading } = bootDraft(session, "hugetlb", "hugetlb", line.place);
  if (!found) {
    reading.cma.push(cmaLine(line, { event: "parameter-refused", area: "hugetlb" }));
    return "refused parameter of huge pages";
  }
  const done = found[1] === "reserved";
  const own = done || found[3] !== undefined ? takeOwnArea(session, line) : null;
  reading.cma.push(
    cmaLine(line, {
      event: found[3] !== undefined ? "reserve-failed" : done ? "reserved" : "other",
      area: "hugetlb",
      base: own?.base ?? null,
      bytes: found[2] === undefined ? (own?.bytes ?? null) : Number(found[2]) * MiB,
      errno: found[3] === undefined ? null : Math.abs(Number(found[3])),
      node: found[4] === undefined ? null : Number(found[4]),
    }),
  );
  return "CMA area for huge pages";
};

const boot: LineReader = (line, session) => {
  const { text } = line;
  if (!/^(?:HugeTLB|hugetlb:|hugetlb_cma:|hugetlbfs:|hugepagesz[:=])/.test(text)) return null;
  const { reading, filled } = bootDraft(session, "hugetlb", "hugetlb", line.place);
  const failed = ALLOCATING.exec(text);
  const registered = REGISTERED.exec(text);
  const none = { surplus: null, reserved: null };
  if (failed) {
    const got = Number(failed[5] ?? 0);
    const pageBytes = sizeOf(failed[2]!, failed[3]!);
    if (failed[4] === undefined) filled.add(`pool ${pageBytes}`);
    reading.hugetlb.push({
      node: failed[4] === undefined ? null : Number(failed[4]),
      pageBytes,
      total: got,
      free: got,
      asked: Number(failed[1]),
      // hugetlb_hstate_alloc_pages_errcheck() prints it at boot only.
      atBoot: true,
      ...none,
    });
    return "huge pages that were not to be had";
  }
  if (registered) {
    const [pageBytes, total] = [sizeOf(registered[1]!, registered[2]!), Number(registered[3])];
    if (!filled.has(`pool ${pageBytes}`))
      reading.hugetlb.push({ node: null, pageBytes, total, free: total, asked: null, ...none });
    filled.add(`pool ${pageBytes}`);
  }
  return "huge pages at boot";
};

/** DPDK's abstraction layer has no pages of the size it wants. */
const dpdk: LineReader = (line, session) => {
  const found = /^EAL: No (?:free|available) (\d{1,12}) kB hugepages reported(?: on node (\d{1,6}))?/.exec(
    line.text,
  );
  if (!found) return /^EAL: .{0,200}huge ?page/i.test(line.text) ? "DPDK" : null;
  const { reading } = bootDraft(session, "hugetlb", "hugetlb", line.place);
  const none = { surplus: null, reserved: null, asked: null };
  const node = found[2] === undefined ? null : Number(found[2]);
  reading.hugetlb.push({ node, pageBytes: Number(found[1]) * 1024, total: 0, free: 0, ...none });
  return "DPDK";
};

/** SPDK's setup asks for pages of the default size, which it does not print. */
const setup: LineReader = (line, session) => {
  const found =
    /requested (\d{1,12}) hugepages but (?:only )?(\d{1,12}) could be allocated(?: on node(\d{1,6}))?/i.exec(
      line.text.slice(0, 300),
    );
  if (!found) return null;
  const { reading } = bootDraft(session, "hugetlb", "hugetlb", line.place);
  const [asked, total] = [Number(found[1]), Number(found[2])];
  const node = found[3] === undefined ? null : Number(found[3]);
  reading.hugetlb.push({
    node,
    pageBytes: 2 * MiB,
    total,
    free: total,
    surplus: null,
    reserved: null,
    asked,
  });
  if (!reading.assumed.includes("hugetlb.pageBytes")) reading.assumed.push("hugetlb.pageBytes");
  return "huge pages that were not to be had";
};

/** `hugepages-2048kB/nr_hugepages` in a path, of the machine or of one node. */
const FILE =
  /(?:node\/?node(\d{1,6})\/)?hugepages\/hugepages-(\d{1,12})kB\/(nr_hugepages|free_hugepages|resv_hugepages|surplus_hugepages)$/;

const FIELDS: Readonly<Record<string, keyof HugetlbReading>> = {
  nr_hugepages: "total",
  free_hugepages: "free",
  resv_hugepages: "reserved",
  surplus_hugepages: "surplus",
};

/** No machine has more sizes on more nodes. */
const POOLS_MOST = 4096;

/** A file by its name, the output of grep, or what a command before the line prints. */
const sysfs: LineReader = (line, session) => {
  const listed = /^(\S{1,200}):(\d{1,15})$/.exec(line.text);
  const path = listed ? listed[1]! : /^\d{1,15}$/.test(line.text) ? (session.printed ?? session.source) : "";
  const file = FILE.exec(path);
  if (!file || (session.files?.reading.hugetlb.length ?? 0) > POOLS_MOST) return null;
  const node = file[1] === undefined ? null : Number(file[1]);
  const pageBytes = Number(file[2]) * 1024;
  const draft = filesFor(session, line, `hugepages ${node} ${pageBytes} ${file[3]}`);
  extend(draft, line.place);
  let pool = draft.reading.hugetlb.find((p) => p.node === node && p.pageBytes === pageBytes);
  if (!pool) {
    pool = { node, pageBytes, total: 0, free: 0, surplus: null, reserved: null, asked: null };
    draft.reading.hugetlb.push(pool);
  }
  (pool as unknown as Record<string, number>)[FIELDS[file[3]!]!] = Number(listed ? listed[2] : line.text);
  return "huge pages of /sys";
};

export const HUGETLB: readonly LineReader[] = [contiguous, boot, dpdk, sysfs, setup];
