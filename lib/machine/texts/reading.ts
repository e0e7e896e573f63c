/** What the readers of a machine's texts share: their result, addresses, and lines as people paste them. */
import { InputError } from "../../base/errors";
import { shown } from "../../schema/place";
import type { AddressRange } from "../board-fields";
import type { BootRequest } from "../boot-request";

/** A machine read from texts, as the fields of a plan, and what the reader has to say about it. */
export interface MachineReading {
  machine: Partial<BootRequest>;
  /** What was inferred, what the text lacks, and what would bring it. */
  notes: string[];
  /** The machine's name, if the text has it. */
  model?: string;
  /** The areas that the text's kernel printed. */
  areas?: PrintedArea[];
}

/** An area as the kernel printed it: `base` is null for a failure, and where 6.15-rc printed none. */
export interface PrintedArea {
  name: string;
  base: number | null;
  bytes: number;
}

/** Longest text that is read: what people paste is far shorter. */
export const MOST_TEXT = 64 * 1024 * 1024;
/** Longest line; what follows is cut. */
const MOST_LINE = 4096;

/** Lines of a text, without carriage returns; throws InputError for one that is too long or is no text. */
export function linesOf(text: string, what: string): string[] {
  if (text.length > MOST_TEXT)
    throw new InputError(`${what}: must be at most ${MOST_TEXT} characters: got ${text.length}`);
  if (text.includes("\u0000")) throw new InputError(`${what}: is not text: it has a NUL character`);
  return text.split("\n").map((line) => line.slice(0, MOST_LINE).trimEnd());
}

/** A hexadecimal number without 0x, below 2^53; throws InputError with the line. */
export function hexNumber(digits: string, what: string): number {
  const value = digits.length <= 16 ? BigInt(`0x${digits}`) : -1n;
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new InputError(`${what}: addresses must be below 2^53: got ${shown(digits)}`);
  return Number(value);
}

/** Ascending, with ranges that touch or overlap made one. */
export function merged(ranges: readonly AddressRange[]): AddressRange[] {
  const out: AddressRange[] = [];
  for (const { base, bytes } of [...ranges].sort((a, b) => a.base - b.base)) {
    const last = out.at(-1);
    if (last !== undefined && base <= last.base + last.bytes)
      last.bytes = Math.max(last.bytes, base + bytes - last.base);
    else out.push({ base, bytes });
  }
  return out;
}

/** The parts of `ranges` outside `cut`. */
export function without(ranges: readonly AddressRange[], cut: AddressRange): AddressRange[] {
  const end = cut.base + cut.bytes;
  return ranges.flatMap((r) => {
    const to = r.base + r.bytes;
    if (to <= cut.base || r.base >= end) return [{ ...r }];
    return [
      { base: r.base, bytes: cut.base - r.base },
      { base: end, bytes: to - end },
    ].filter((part) => part.bytes > 0);
  });
}

/** Whole pages of each range: memblock's memory that the kernel can use. */
export function wholePages(ranges: readonly AddressRange[], page: number): AddressRange[] {
  return ranges
    .map(({ base, bytes }) => {
      const from = Math.ceil(base / page) * page;
      return { base: from, bytes: Math.floor((base + bytes) / page) * page - from };
    })
    .filter(({ bytes }) => bytes > 0);
}

const QUOTE = /^(?:\s{0,8}>){1,8}/;
const SYSLOG = /^.{0,160}?\bkernel(?:\[\d{1,8}\])?: /;
const LEVEL = /^<\d{1,3}>/;
const TIME = /^\[[\s\d.,:+-]{1,40}\](?:\[\s{0,8}[TC]\d{1,8}\])?/;

/** A line of a kernel log without mail quotes, syslog's head, level and time. */
export function kernelLine(line: string): string {
  let rest = line.replace(QUOTE, "").trimStart();
  if (!rest.startsWith("[") && !rest.startsWith("<")) rest = rest.replace(SYSLOG, "");
  rest = rest.replace(LEVEL, "");
  return rest.replace(TIME, "").replace(/^ /, "");
}
