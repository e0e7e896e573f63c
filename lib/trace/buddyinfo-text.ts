/** Reads a machine's /proc/buddyinfo, to compute the fragmentation indices of any Linux machine. */
import { at, InputError, quoted } from "../base/errors";
import { largestOf } from "../base/extremes";
import type { FreeCounts } from "../mm/reports/buddyinfo";

/** No kernel has more orders, no machine more blocks: 4 TiB of pages of 4 KiB. */
const ORDERS_MOST = 20;
const COUNT_MOST = 2 ** 30;
const ZONES_MOST = 1024;
const LINE_MOST = 2000;

/** Reads the text of /proc/buddyinfo; `file` names it in errors. */
export function parseBuddyinfo(text: string, file: string): FreeCounts[] {
  const zones: FreeCounts[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    if (line.length > LINE_MOST || zones.length === ZONES_MOST)
      throw new InputError(
        `${at(file, i + 1)}: buddyinfo has up to ${ZONES_MOST} lines of up to ${LINE_MOST} characters: got ${quoted(line)}`,
      );
    const m = /^Node\s+(\d+), zone\s+(\S+)((?:\s+\d+)+)\s*$/.exec(line);
    if (m === null)
      throw new InputError(
        `${at(file, i + 1)}: a line of buddyinfo is "Node 0, zone Normal" and a count for each order: got ${JSON.stringify(line.slice(0, 40))}`,
      );
    const nrFree = m[3]!.trim().split(/\s+/).map(Number);
    if (nrFree.length > ORDERS_MOST || nrFree.some((n) => n > COUNT_MOST))
      throw new InputError(
        `${at(file, i + 1)}: up to ${ORDERS_MOST} orders with up to ${COUNT_MOST} free blocks can be: got ${nrFree.length} with up to ${largestOf(nrFree.slice(0, LINE_MOST))}`,
      );
    const first = zones[0];
    if (first !== undefined && first.nrFree.length !== nrFree.length)
      throw new InputError(
        `${at(file, i + 1)}: ${first.nrFree.length} orders as in the lines before were expected: got ${nrFree.length}`,
      );
    zones.push({ nid: Number(m[1]), name: m[2]!, nrFree });
  });
  if (zones.length === 0) throw new InputError(`${file}: is empty, the text of buddyinfo was expected`);
  return zones;
}
