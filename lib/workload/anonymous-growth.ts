/**
 * Programs that want a given amount of anonymous memory, also more than there is. At first they fault in new pages; then they use
 * pages at random places again, which reads back what was swapped out. If there is no memory, one of them is killed.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import type { Load } from "./load";

/** Programs among which the memory is divided: a modelling choice. */
const PROGRAMS = 16;
/** Pages that are used at a time. */
const RUN = 32;

export class AnonymousGrowth implements Load {
  private readonly base: number;
  /** Pages of each program; its slots follow one another. */
  private readonly pages: Int32Array;
  private readonly mostPages: number;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    wantedPages: number,
  ) {
    this.mostPages = Math.floor(wantedPages / PROGRAMS);
    this.base = system.reserveSlots(this.mostPages * PROGRAMS);
    this.pages = new Int32Array(PROGRAMS);
  }

  turn(pages: number): number {
    let done = 0;
    while (done < pages && this.mostPages > 0) {
      const n = Math.min(RUN, pages - done);
      const got = this.growing() ? this.grow(n) : this.use(n);
      done += n;
      if (!got && !this.kill()) return done;
    }
    return done;
  }

  private growing(): boolean {
    return this.smallest() >= 0;
  }

  /** The program that has least, of those that want more; −1: none does. */
  private smallest(): number {
    let least = 0;
    for (let i = 1; i < PROGRAMS; i++) if (this.pages[i]! < this.pages[least]!) least = i;
    return this.pages[least]! < this.mostPages ? least : -1;
  }

  private grow(n: number): boolean {
    const program = this.smallest();
    const has = this.pages[program]!;
    const wanted = Math.min(n, this.mostPages - has);
    const got = this.system.allocRun("anon", this.base + program * this.mostPages + has, wanted);
    this.pages[program] = has + got;
    return got === wanted;
  }

  private use(n: number): boolean {
    const program = this.random.below(PROGRAMS);
    const length = Math.min(n, this.mostPages);
    const at = this.random.below(this.mostPages - length + 1);
    return this.system.touchRun(this.base + program * this.mostPages + at, length) >= 0;
  }

  /** The largest program is killed; false: there was none. */
  private kill(): boolean {
    let most = 0;
    for (let i = 1; i < PROGRAMS; i++) if (this.pages[i]! > this.pages[most]!) most = i;
    if (this.pages[most] === 0) return false;
    this.end(most);
    return true;
  }

  private end(program: number): void {
    const pages = this.pages[program]!;
    const base = this.base + program * this.mostPages;
    if (pages > 0) this.system.vacate(base, base + pages - 1);
    this.pages[program] = 0;
  }

  stop(): void {
    for (let i = 0; i < PROGRAMS; i++) this.end(i);
    this.system.returnSlots(this.base, this.mostPages * PROGRAMS);
  }
}
