/**
 * From a text as somebody pasted it to its physical lines: line ends, colours, entities of HTML, mail's quoted-printable and the
 * ways in which loggers write a line break within a line.
 */
import { at, InputError } from "../base/errors";
import { MiB } from "../base/units";

/** A text to read, and the name under which messages speak of it. */
export interface InputText {
  name: string;
  text: string;
}

/** One line, or one of several that a logger wrote into one. */
export interface RawLine {
  /** Line of the input, from 1 on. */
  number: number;
  text: string;
}

/** The longest text, and the longest line, in characters. */
export const TEXT_CHARACTERS_MOST = 256 * MiB;
export const LINE_CHARACTERS_MOST = MiB;
/** Lines that are not empty, or stand alone as empty ones: a log of 100 MB has half as many. */
export const LINES_MOST = 2_000_000;

/** Lines of a text, several empty ones as one. Throws InputError where the text or a line is too long. */
export function rawLines({ name, text }: InputText): RawLine[] {
  if (text.length > TEXT_CHARACTERS_MOST)
    throw new InputError(
      `${name}: a text of at most ${TEXT_CHARACTERS_MOST} characters can be read: got ${text.length}`,
    );
  const quoted = /=3D|=20\r?$|=\r?\n/m.test(text.slice(0, MiB)) && /=3D/.test(text);
  const html = /&(?:gt|lt|amp|quot|#\d{1,4}|nbsp);|<\/?(?:br|pre|code|p|div|span)\b/.test(text);
  const found: RawLine[] = [];
  let number = 0;
  for (const physical of (quoted ? withoutQuotedPrintable(text) : text).split("\n")) {
    number++;
    if (physical.length > LINE_CHARACTERS_MOST)
      throw new InputError(
        `${at(name, number)}: a line may have at most ${LINE_CHARACTERS_MOST} characters: got ${physical.length}`,
      );
    for (const part of partsOf(physical, html))
      if (part !== "" || found.at(-1)?.text !== "") found.push({ number, text: part });
    if (found.length > LINES_MOST)
      throw new InputError(
        `${at(name, number)}: a text of at most ${LINES_MOST} lines can be read: this is one more`,
      );
  }
  if (found[found.length - 1]?.text === "") found.pop();
  return found;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with ESC.
const TERMINAL = /\u001b\[[0-9;?]{0,16}[A-Za-z]|\u001b[()][A-Z0-9]|\u001b\][^\u0007]{0,80}\u0007/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\u200b]/g;
const ODD_BLANK = /[\u00a0\u2007\u202f]/g;

/** The lines that one physical line holds: rsyslog writes a line break as #012, printk as \x0a, JSON as \n. */
function partsOf(physical: string, html: boolean): string[] {
  let text = physical;
  if (/[^\t\x20-\x7e]/.test(text))
    text = text
      .replace(TERMINAL, "")
      .replace(/(?<!\r)\r+$/, "")
      .replace(/\r/g, "\n")
      .replace(CONTROL, "")
      .replace(ODD_BLANK, " ");
  if (html) text = withoutHtml(text);
  if (text.startsWith("{")) text = messageOfJson(text);
  if (text.includes("#01")) text = text.replace(/#012/g, "\n").replace(/#011/g, "\t");
  if (text.includes("\\"))
    text = text.replace(/\\x0a|\\n(?![A-Za-z])|\\n(?=[ A-Z])/g, "\n").replace(/\\t/g, "\t");
  return text.includes("\n") ? text.split("\n") : [text];
}

const ENTITIES: Readonly<Record<string, string>> = {
  gt: ">",
  lt: "<",
  amp: "&",
  quot: '"',
  nbsp: " ",
  apos: "'",
};

function withoutHtml(text: string): string {
  let plain = text
    .replace(/<br\s?\/?>/gi, "\n")
    .replace(/<\/?(?:pre|code|p|div|span|tt|li|ul|td|tr)(?: [^<>]{0,300})?>/g, "");
  for (let twice = 0; twice < 2 && plain.includes("&"); twice++)
    plain = plain
      .replace(/&#(\d{1,5});/g, (_, code: string) => String.fromCharCode(Number(code)))
      .replace(/&(gt|lt|amp|quot|nbsp|apos);/g, (_, name: string) => ENTITIES[name]!);
  return plain;
}

/** `journalctl -o json` has the text in MESSAGE, Docker's files have it in log. */
function messageOfJson(text: string): string {
  if (!/"(?:MESSAGE|log|message)"\s?:/.test(text)) return text;
  try {
    const entry = JSON.parse(text) as Record<string, unknown>;
    const message = entry.MESSAGE ?? entry.log ?? entry.message;
    return typeof message === "string" ? message.replace(/\n$/, "") : text;
  } catch {
    return text;
  }
}

/** Mail in quoted-printable; line numbers are kept where a soft line break joins two lines. */
function withoutQuotedPrintable(text: string): string {
  let owed = 0;
  return text
    .split("\n")
    .map((line, index, all) => {
      let plain = line.replace(/\r$/, "");
      const soft = plain.endsWith("=") && index + 1 < all.length;
      if (soft) plain = plain.slice(0, -1);
      plain = plain.replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      if (soft) {
        owed++;
        return plain;
      }
      const ends = "\n".repeat(owed + 1);
      owed = 0;
      return plain + ends;
    })
    .join("");
}
