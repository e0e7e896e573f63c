/** /proc/buddyinfo and /proc/pagetypeinfo, as files or as pasted from a terminal. */
import { zoneOf } from "./draft";
import type { LogLine } from "./joined-lines";
import { filesFor, type LineReader, type Session } from "./session";
import { NODE, ZONE } from "./zone-names";

const HEAD = `^Node\\s{1,6}(${NODE}), zone\\s{1,12}(${ZONE})`;
const ROW = new RegExp(`${HEAD},? ([\\s\\d]{1,400})$`);
const TYPE_ROW = new RegExp(`${HEAD}, type\\s{1,16}(\\w{1,24})\\s{1,12}([\\s\\d>]{1,400})$`);

/** More blocks than the pages of 64-bit addresses: no kernel printed it. */
const COUNT_MOST = 2 ** 52;

function numbersIn(text: string): number[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => Number(word.replace(/^>/, "")));
}

/** Behind the header of page blocks, rows of the same shape count blocks by type. */
const freeBlocks: LineReader = (line, session) => {
  const found = ROW.exec(line.text);
  if (!found) return null;
  const [node, name, numbers] = [Number(found[1]), found[2]!, numbersIn(found[3]!)];
  if (numbers.some((n) => n > COUNT_MOST)) return null;
  if (session.section === "blocks" || session.section === "mixed blocks")
    return typeBlocks(line, session, node, name, numbers);
  const draft = filesFor(session, line, `buddyinfo ${node} ${name}`);
  const zone = zoneOf(draft, node, name);
  draft.zonesInPages.add(zone);
  // A poster who writes "..." leaves the largest blocks out.
  if (line.cut) zone.countsCut = numbers;
  else zone.counts = numbers;
  session.section = "buddyinfo";
  return "/proc/buddyinfo";
};

function typeBlocks(line: LogLine, session: Session, node: number, name: string, numbers: number[]): string {
  if (session.section === "mixed blocks") return "/proc/pagetypeinfo";
  const draft = filesFor(session, line, `blocks ${node} ${name}`);
  const zone = zoneOf(draft, node, name);
  draft.zonesInPages.add(zone);
  zone.blocksByType = Object.fromEntries(session.columns.map((type, i) => [type, numbers[i] ?? 0]));
  return "/proc/pagetypeinfo";
}

const byType: LineReader = (line, session) => {
  const found = TYPE_ROW.exec(line.text);
  if (!found) return null;
  const [node, name, type] = [Number(found[1]), found[2]!, found[3]!];
  const draft = filesFor(session, line, `types ${node} ${name} ${type}`);
  const zone = zoneOf(draft, node, name);
  draft.zonesInPages.add(zone);
  zone.countsByType ??= {};
  zone.countsByType[type] = numbersIn(found[4]!);
  // Since 5.5 the kernel stops counting a list at 100,000.
  if (found[4]!.includes(">") && !draft.reading.assumed.includes("countsByType"))
    draft.reading.assumed.push("countsByType");
  session.section = "types";
  return "/proc/pagetypeinfo";
};

const headers: LineReader = (line, session) => {
  const order = /^Page block order: {0,4}(\d{1,3})$/.exec(line.text);
  if (order) {
    filesFor(session, line, "pagetypeinfo").reading.pageblockOrder = Number(order[1]);
    return "/proc/pagetypeinfo";
  }
  const columns = /^Number of (mixed )?blocks type\s{1,12}(\S.{0,300})$/.exec(line.text);
  if (columns) {
    session.section = columns[1] ? "mixed blocks" : "blocks";
    session.columns = columns[2]!.trim().split(/\s+/);
    return "/proc/pagetypeinfo";
  }
  if (/^Free pages count per migrate type/.test(line.text)) session.section = "types";
  return /^(?:Pages per block:|Free pages count per migrate type)/.test(line.text)
    ? "/proc/pagetypeinfo"
    : null;
};

export const FREE_LISTS: readonly LineReader[] = [headers, byType, freeBlocks];
