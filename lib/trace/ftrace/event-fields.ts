/**
 * Fields of an event, as its TP_printk() wrote them: `name=value`, in any order, of which releases add and drop some. Numbers are decimal,
 * or hexadecimal behind `0x`. Frames of CMA events are hexadecimal without `0x` up to 5.16.
 */

/** Frames of 2^36 pages: more than any kernel addresses; what a failed request of an old kernel prints lies above. */
const FRAMES_MOST = 2 ** 36;

/** The largest order of a page is 13: arm64 with pages of 64 KiB. */
const ORDER_MOST = 20;
const VALUE_MOST = 400;
const BLANKS_MOST = 16;
const isNameLetter = (code: number) => (code >= 97 && code <= 122) || code === 95;

/** The fields of one event, each looked up where it is asked for: most of an event's fields never are. */
export class EventFields {
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Where the value of the field begins, or −1. */
  private at(name: string): number {
    const { text } = this;
    for (let i = text.indexOf(name); i >= 0; i = text.indexOf(name, i + 1)) {
      const end = i + name.length;
      if (text.charCodeAt(end) === 61 && (i === 0 || !isNameLetter(text.charCodeAt(i - 1)))) return end + 1;
    }
    return -1;
  }

  has(name: string): boolean {
    return this.at(name) >= 0;
  }

  /** A word, or "". What stands in parentheses is one word; kernels put blanks before `(null)`. */
  word(name: string): string {
    const { text } = this;
    let from = this.at(name);
    if (from < 0) return "";
    let blanks = 0;
    while (blanks < BLANKS_MOST && text.charCodeAt(from + blanks) === 32) blanks++;
    if (text.charCodeAt(from + blanks) === 40) from += blanks;
    const most = Math.min(text.length, from + VALUE_MOST);
    const inside = text.charCodeAt(from) === 40;
    let end = from;
    for (; end < most; end++) {
      const code = text.charCodeAt(end);
      if (inside ? code === 41 : code <= 32) break;
    }
    if (inside) return text.slice(from, Math.min(end + 1, text.length));
    // A comma between fields; one within a word belongs to it, as in the name `linux,cma`.
    return text.slice(from, text.charCodeAt(end - 1) === 44 ? end - 1 : end);
  }

  /** A whole number, or NaN: missing, or not as the kernel prints it. */
  number(name: string): number {
    const text = this.word(name);
    return /^(?:-?\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? Number(text) : Number.NaN;
  }

  /** A number that all releases print in hexadecimal, with or without `0x`. */
  hex(name: string): number {
    const text = this.word(name);
    return /^(?:0x)?[0-9a-f]{1,16}$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  }

  /** An order of pages, or NaN. */
  order(name = "order"): number {
    const order = this.number(name);
    return order >= 0 && order <= ORDER_MOST ? order : Number.NaN;
  }

  /**
   * The frame of `pfn=`, −1 if the request failed, or NaN if there is none. A failed request has no page and frame 0 (since 2.6.39 or so),
   * the frame that follows from no page (before), or −1. perf and trace-cmd can't follow pfn_to_page(), and what they print for a page
   * says little.
   */
  frame(): number {
    const pfn = this.number("pfn");
    const page = this.word("page");
    if (!(pfn >= 0 && pfn < FRAMES_MOST)) return Number.isNaN(pfn) ? Number.NaN : -1;
    if (page === "(null)" || /^0{8,16}$/.test(page)) return -1;
    return pfn === 0 && /^(?:\(nil\)|0x0)$/.test(page) ? -1 : pfn;
  }
}
