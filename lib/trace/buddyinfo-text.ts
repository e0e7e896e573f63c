/** Reads a machine's /proc/buddyinfo, to compute the fragmentation indices of any Linux machine. */
import { at, InputError } from "../base/errors";
import type { FreeCounts } from "../mm/reports/buddyinfo";

/** Reads the text of /proc/buddyinfo; `file` names it in errors. */
export function parseBuddyinfo(text: string, file: string): FreeCounts[] {
  const zones: FreeCounts[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const m = /^Node\s+(\d+), zone\s+(\S+)((?:\s+\d+)+)\s*$/.exec(line);
    if (m === null)
      throw new InputError(
        `${at(file, i + 1)}: a line of buddyinfo is "Node 0, zone Normal" and a count for each order: got ${JSON.stringify(line.slice(0, 40))}`,
      );
    const nrFree = m[3]!.trim().split(/\s+/).map(Number);
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
