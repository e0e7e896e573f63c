/**
 * What people paste before a line of the kernel: marks of mail, times of dmesg, syslog, journald, logcat and serial consoles, levels,
 * records of /dev/kmsg, callers, line numbers and prompts.
 */
import type { RawLine } from "./text-lines";

/** A line without its prefixes. */
export interface CleanLine {
  number: number;
  /** Without blanks at both ends. */
  text: string;
  /** A time, a level or the name of the kernel stood before it: it begins where the kernel began one. */
  stamped: boolean;
  /** The text began with a blank behind the prefixes. */
  indented: boolean;
  /** It ended with a blank, as mail programs leave it where they wrap. */
  soft: boolean;
  /** Characters of the line as pasted, behind the marks of mail. */
  width: number;
  /** The kernel's time before the line, in seconds since boot; null without one. */
  seconds: number | null;
  /** The task or CPU that printed it (`T4011`, `C1`), as CONFIG_PRINTK_CALLER writes before the line; null without. */
  caller: string | null;
  /** A pager or a poster cut its end off. */
  cut: boolean;
  /** File of /proc, /sys or /boot that a command on this line prints; "" for another command; null where it is none. */
  command: string | null;
}

/** Lines without prefixes. Line numbers go only where several consecutive lines are numbered consecutively. */
export function cleanLines(lines: readonly RawLine[]): CleanLine[] {
  const numbered = numberedLines(lines);
  return lines.map((line, index) => cleanLine(line, numbered[index]!));
}

const LINE_NUMBER = /^\s{0,8}(\d{1,6})(?:[:.)|]\s?|\s)/;
const NUMBERED_RUN = 3;

function numberedLines(lines: readonly RawLine[]): boolean[] {
  const numbers = lines.map((l) => Number(LINE_NUMBER.exec(l.text.slice(0, 20))?.[1] ?? Number.NaN));
  const found = new Array<boolean>(lines.length).fill(false);
  for (let from = 0; from < lines.length; ) {
    let to = from + 1;
    while (to < lines.length && numbers[to] === numbers[to - 1]! + 1) to++;
    if (to - from >= NUMBERED_RUN) found.fill(true, from, to);
    from = to;
  }
  return found;
}

const QUOTE =
  /^[ \t]{0,8}(?:[A-Z]{2,3})?>(?!>?>?[a-z])[ \t]?|^[ \t]{0,8}>|^[ \t]{0,4}[|│][ \t]?|^\+(?=\[| ?Node| ?Mem)/;

/** Each begins at the start of what is left; those that name a time or the kernel stamp a line. */
const STAMPS: readonly RegExp[] = [
  /^<\d{1,3}>(?:1 (?=\d{4}-))?/,
  /^\d{1,3},\d{1,20},\d{1,20},[-c+](?:,[^;]{0,200})?;/,
  // [   12.345678], with the time since the last line, the CPU or a vendor's letter.
  /^\[\s{0,8}\d{1,9}\.\d{3,9}s?(?:@\d{1,3}|,\d{1,3}|\s{1,3}<[ +.\d]{1,20}>)?\]/,
  /^\[\s{0,4}\+\s{0,8}\d{1,9}\.\d{3,9}\]/,
  /^\[[A-Z][a-z]{2} ?[ \d]\d \d\d:\d\d\]/,
  /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4}\]/,
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?[:,]?(?=\s|$)/,
  /^(?:\d{4} )?(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]\d(?:,? \d{4})? \d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: \d{4})?(?=\s)/,
  /^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}(?=\s)/,
  /^\[?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\]?[:>]?(?=\s)/,
  /^kern\s{0,4}:[a-z]{3,7}\s{0,4}:/,
];

/** Names of the kernel as a logger's source, behind a host and a facility. */
const SOURCE =
  /^(?:[\w.@-]{1,64}\s{1,4})?(?:\w{1,8}\.(?:emerg|alert|crit|err|warn|warning|notice|info|debug)\s)?kernel(?:\[\d{1,7}\])?(?:: ?| - \S{1,20} - ?|(?=\[))/;
const LOGCAT = /^\s{0,4}\d{1,6}\s{1,6}\d{1,6} [VDIWEF] (?:kernel|KERNEL|Kernel)\s{0,8}:/;
const LOGCAT_BRIEF = /^[VDIWEF]\/kernel\s{0,4}\(\s{0,6}\d{1,7}\):/;

/** The caller and other marks that vendors print behind the time. */
const CALLERS: readonly RegExp[] = [
  /^\s{0,4}\[\s{0,8}[TC]\d{1,8}(?:@[^\]]{1,12})?\]/,
  /^\[pid:[^\]]{0,60}\]/,
  /^\s{0,4}\[\d{1,3}:[^\]]{1,48}:\s{0,10}\d{1,8}\]/,
  /^\s{0,2}-?\(\d{1,2}\)\[\d{1,7}:[^\]]{1,32}\]/,
  /^\s{0,2}c\d{1,2}\s{1,5}\d{1,6}\s/,
];

const SECONDS = /(?:^|[\s>:])\[\s{0,8}(\d{1,9}\.\d{3,9})s?[\]@, ]/;

const PREFIXES_MOST = 16;

/** What printk writes where its buffer ran over. */
const DROPPED = /^\s{0,8}\*\* \d{1,9} printk messages dropped \*\*\s?/;

interface Rest {
  text: string;
  stamped: boolean;
}

function cleanLine({ number, text }: RawLine, numbered: boolean): CleanLine {
  const quoted = withoutQuotes(numbered ? text.replace(LINE_NUMBER, "") : text);
  const { text: rest, stamped } = withoutStamps(quoted);
  const clock = stamped ? SECONDS.exec(quoted.slice(0, 200)) : null;
  const trimmed = rest.trim();
  const cut =
    /(?:[\w:.,()*\]-]| )>$|…$|\.\.\.$/.test(trimmed) && !/<[^<>]{0,40}>$|^\.\.\.$/.test(trimmed.slice(-48));
  return {
    number,
    text: cut ? trimmed.replace(/>$|…$|\.\.\.$/, "").trimEnd() : trimmed,
    stamped,
    seconds: clock ? Number(clock[1]) : null,
    caller: stamped ? callerIn(quoted.slice(0, quoted.length - rest.length)) : null,
    indented: /^\s/.test(rest),
    soft: /\s$/.test(text),
    width: quoted.trimEnd().length,
    cut,
    command: commandOf(trimmed),
  };
}

const CALLER = /\[\s{0,8}([TC]\d{1,8})(?:@[^\]]{1,12})?\]|,caller=([TC]\d{1,8})[,;]/;

function callerIn(prefix: string): string | null {
  const found = CALLER.exec(prefix.slice(0, 300));
  return found ? (found[1] ?? found[2]!) : null;
}

function withoutQuotes(text: string): string {
  let rest = text;
  for (let n = 0; n < PREFIXES_MOST; n++) {
    const mark = QUOTE.exec(rest);
    if (!mark) break;
    rest = rest.slice(mark[0].length);
  }
  return rest;
}

function withoutStamps(text: string): Rest {
  // Times stand at the start of a line or a few blanks into it (code blocks, diffs of mail).
  let rest = text.replace(DROPPED, "").replace(/^\s{0,40}(?=[[<\d]|[A-Z][a-z]{2} |kern)/, "");
  let stamped = false;
  for (let n = 0; n < PREFIXES_MOST; n++) {
    const length = stampLength(rest, stamped);
    if (length === 0) break;
    stamped = true;
    rest = rest.slice(length);
    const behind = rest.trimStart();
    if (stampLength(behind, true) > 0) rest = behind;
  }
  return stamped ? { text: rest.replace(/^ /, ""), stamped } : { text, stamped };
}

function stampLength(rest: string, stamped: boolean): number {
  // No stamp begins otherwise.
  if (!/^[[<\dA-Zk]/.test(rest)) return stamped ? markLength(rest) : 0;
  for (const stamp of STAMPS) {
    const found = stamp.exec(rest);
    if (found) return found[0].length;
  }
  if (!stamped) return /^kernel: /.test(rest) ? 8 : 0;
  return markLength(rest);
}

/** The host, the source and the caller behind a time. */
function markLength(rest: string): number {
  for (const mark of [SOURCE, LOGCAT, LOGCAT_BRIEF, ...CALLERS]) {
    const found = mark.exec(rest);
    if (found) return found[0].length;
  }
  return 0;
}

const COMMAND =
  /(?:^|[#$%>\]]\s{0,4})(?:sudo\s{1,4})?(?:cat|zcat|head|tail|grep|egrep|zgrep|more|less|bat)\s[^|]{0,200}?(\/(?:proc|sys|boot)\/[^\s|;"']{1,200})/;
const OTHER_COMMAND =
  /(?:^|[#$%>\]]\s{0,4})(?:sudo\s{1,4})?(?:dmesg|journalctl|uname|free|ls|lspci|cat|echo|vmstat|top)(?:\s[-/|><\d\w]|$)/;

/** Every command has one of these. */
const COMMAND_SIGN = /[#$%>\]]|^(?:sudo|cat|zcat|head|tail|grep|egrep|zgrep|more|less|bat|==>)\b|^==> /;

function commandOf(text: string): string | null {
  if (text.length > 400 || !COMMAND_SIGN.test(text)) return null;
  const file = COMMAND.exec(text)?.[1] ?? /^==> (\S{1,200}) <==$/.exec(text)?.[1];
  if (file !== undefined) return file;
  return /^\S{0,80}[#$%>]\s?\S/.test(text) && OTHER_COMMAND.test(text) ? "" : null;
}
