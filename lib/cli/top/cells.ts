/** Words and numbers of `pageblock top`, one column for each character. */

/** Part of a line's look; with colours off, all lines look alike. */
export type Look = "plain" | "heading" | "warning" | "alarm";

export interface Line {
  text: string;
  look: Look;
}

export const plain = (text: string): Line => ({ text, look: "plain" });

/** Text from outside: no character moves the cursor or takes two columns, and no word is longer than 40. */
export function word(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, "?").slice(0, 40);
}

/** The same with spaces, and longer. */
export function phrase(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}

const STEPS = [
  ["T", 1e12],
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
] as const;

/** A count in at most four characters up to 999T: `999`, `1.2k`, `22k`, `3.4M`; rounded down. */
export function shortCount(count: number): string {
  for (const [unit, factor] of STEPS)
    if (count >= factor) {
      const value = count / factor;
      return value < 10
        ? `${(Math.floor(value * 10) / 10).toFixed(1)}${unit}`
        : `${Math.floor(value)}${unit}`;
    }
  return String(count);
}

/** A rate: two digits behind the point below 10, whole above; counts as shortCount() from 10000 on. */
export function shortRate(perSecond: number | null): string {
  if (perSecond === null) return "-";
  if (perSecond === 0) return "0";
  if (perSecond < 0.005) return "<0.01";
  if (perSecond < 9.995) return String(Number(perSecond.toFixed(2)));
  return perSecond < 9999.5 ? perSecond.toFixed(0) : shortCount(perSecond);
}

const UNITS = ["K", "M", "G", "T", "P"];

/** Bytes with at most three digits: `4K`, `1.9G`, `23G`. */
export function shortSize(bytes: number): string {
  if (bytes === 0) return "0";
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 ? Number(value.toFixed(1)) : value.toFixed(0)}${UNITS[unit]}`;
}

/** `3 d 4 h`, `5 h 10 min`, `2.0 s`. */
export function shortTime(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const LABEL_COLUMNS = 16;

/** A label and items, in as many lines as the width needs; an item is never divided unless it is wider than a line. */
export function labelled(label: string, items: readonly string[], width: number): Line[] {
  const room = width - LABEL_COLUMNS;
  const rows: string[] = [""];
  items.forEach((item, i) => {
    const piece = i === items.length - 1 ? item : `${item},`;
    const last = rows.at(-1)!;
    if (last === "") rows[rows.length - 1] = piece;
    else if (last.length + 1 + piece.length <= room) rows[rows.length - 1] = `${last} ${piece}`;
    else rows.push(piece);
  });
  return rows
    .flatMap((row) => divided(row, room))
    .map((row, i) =>
      plain(`${(i === 0 ? label : "").slice(0, LABEL_COLUMNS - 1).padEnd(LABEL_COLUMNS)}${row}`),
    );
}

/** A row in pieces of at most `room` characters, divided between words where that is possible. */
function divided(row: string, room: number): string[] {
  const pieces: string[] = [];
  let rest = row;
  while (rest.length > room) {
    const space = rest.lastIndexOf(" ", room);
    const end = space > 0 ? space : room;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...pieces, rest];
}
