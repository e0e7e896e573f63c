/** The words, numbers and fields of a record of a snapshot: every mistake names the file and the line. */
import { at, InputError } from "../base/errors";
import type { Fields } from "./snapshot";

const SPACE = 32;

export class SnapshotWords {
  protected pos = 0;
  protected line = 0;

  constructor(
    protected readonly bytes: Buffer,
    protected readonly file: string,
  ) {}

  protected fail(message: string): never {
    throw new InputError(`${at(this.file, this.line)}: ${message}`);
  }

  protected skipSpace(end: number): void {
    while (this.pos < end && this.bytes[this.pos] === SPACE) this.pos++;
  }

  protected colon(end: number): void {
    if (this.word(end) !== ":") this.fail('":" was expected');
  }

  protected word(end: number): string {
    const from = this.pos;
    let p = from;
    while (p < end && this.bytes[p] !== SPACE) p++;
    this.pos = p;
    this.skipSpace(end);
    return this.bytes.toString("latin1", from, p);
  }

  protected number(text: string): number {
    if (!/^\d+$/.test(text)) this.fail(`a whole number was expected: got "${text.slice(0, 20)}"`);
    return Number(text);
  }

  protected digits(end: number): number {
    const { bytes } = this;
    let p = this.pos;
    let value = 0;
    for (; p < end; p++) {
      const d = bytes[p]! - 48;
      if (d < 0 || d > 9) break;
      value = value * 10 + d;
    }
    if (p === this.pos) this.fail(`a whole number was expected at column ${p + 1}`);
    this.pos = p;
    return value;
  }

  protected int(end: number): number {
    const value = this.digits(end);
    if (this.pos < end && this.bytes[this.pos] !== SPACE) this.fail("a whole number was expected");
    this.skipSpace(end);
    return value;
  }

  protected fields(end: number): Fields {
    const fields: Fields = new Map();
    while (this.pos < end) {
      const word = this.word(end);
      const eq = word.indexOf("=");
      if (eq <= 0) this.fail(`key=value was expected: got "${word.slice(0, 20)}"`);
      fields.set(word.slice(0, eq), word.slice(eq + 1));
    }
    return fields;
  }
}
