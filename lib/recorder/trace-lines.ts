/** The lines of a trace in the making: a slot for each record of the ring, which a later record may fill. */

export class TraceLines {
  /** The lines of a slot, or nothing. */
  private readonly text: string[] = [];
  private readonly cpus: number[] = [];

  /** Makes the slot of the next record, which is of `cpu`. */
  begin(cpu: number): number {
    this.cpus.push(cpu);
    return this.text.push("") - 1;
  }

  /** Sets the lines of a slot. */
  put(slot: number, lines: string): void {
    if (slot >= 0) this.text[slot] = lines;
  }

  /** Sets the line of a slot that has none. */
  putFirst(slot: number, line: string): void {
    if (slot >= 0 && this.text[slot] === "") this.text[slot] = line;
  }

  /** Adds lines behind those of a slot. */
  add(slot: number, lines: string): void {
    const before = this.text[slot]!;
    this.text[slot] = before === "" ? lines : `${before}\n${lines}`;
  }

  /** Whether a line of another CPU stands behind `slot` and before `end`. */
  others(slot: number, cpu: number, end = this.text.length): boolean {
    for (let i = slot + 1; i < end; i++) if (this.cpus[i] !== cpu && this.text[i] !== "") return true;
    return false;
  }

  /** The trace in pieces of some 64 KiB. `c <cpu>` says that the lines behind it are of that CPU; the first are of CPU 0. */
  *pieces(): Generator<string> {
    let cpu = 0;
    let piece = "";
    for (let i = 0; i < this.text.length; i++) {
      const lines = this.text[i]!;
      if (lines === "") continue;
      if (this.cpus[i] !== cpu && !lines.startsWith("T ") && !lines.startsWith("S ")) {
        cpu = this.cpus[i]!;
        piece += `c ${cpu}\n`;
      }
      piece += `${lines}\n`;
      if (piece.length > 65536) {
        yield piece;
        piece = "";
      }
    }
    yield piece;
  }
}
