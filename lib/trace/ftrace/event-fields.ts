/**
 * Fields of an event, as its TP_printk() wrote them: `name=value`, in any order, of which releases add and drop some. Numbers are decimal,
 * or hexadecimal behind `0x`. Frames of CMA events are hexadecimal without `0x` up to 5.16.
 */

const FIELD = /([a-z_]{1,32})=(\([^)]{0,80}\)|[^\s,]{1,400})/g;
/** Frames of 2^36 pages: more than any kernel addresses; what a failed request of an old kernel prints lies above. */
const FRAMES_MOST = 2 ** 36;

/** The fields of one event. */
export class EventFields {
  private readonly values = new Map<string, string>();

  constructor(text: string) {
    for (const [, name, value] of text.matchAll(FIELD))
      if (!this.values.has(name!)) this.values.set(name!, value!);
  }

  get size(): number {
    return this.values.size;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** A word, or "". */
  word(name: string): string {
    return this.values.get(name) ?? "";
  }

  /** A whole number, or NaN: missing, or not as the kernel prints it. */
  number(name: string): number {
    const text = this.values.get(name) ?? "";
    return /^(?:-?\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? Number(text) : Number.NaN;
  }

  /** A number that all releases print in hexadecimal, with or without `0x`. */
  hex(name: string): number {
    const text = this.values.get(name) ?? "";
    return /^(?:0x)?[0-9a-f]{1,16}$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  }

  /** An order of pages, or NaN. */
  order(name = "order"): number {
    const order = this.number(name);
    return order >= 0 && order <= 30 ? order : Number.NaN;
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
