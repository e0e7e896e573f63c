/** A long-running service with one large heap that asks for huge pages (a JVM, a cache daemon); now and then it is restarted. */
import type { System } from "../machine/system";
import type { Load } from "./load";
import { FIRST_TABLES, Process } from "./process";

export class ServiceLoad implements Load {
  private readonly system: System;
  private readonly heapPages: number;
  private process: Process | null;
  private got: number;

  constructor(system: System, heapPages: number) {
    this.system = system;
    this.heapPages = heapPages;
    this.process = null;
    this.got = 0;
  }

  /** Faults its heap in until it has it all; nothing after that. */
  turn(pages: number): number {
    if (this.got >= this.heapPages) return 0;
    this.process ??= new Process(this.system, FIRST_TABLES);
    const huge = this.system.memory.pageblockPages;
    let asked = 0;
    while (asked < pages && this.got < this.heapPages) {
      const whole = this.heapPages - this.got >= huge;
      const n = whole ? huge : this.heapPages - this.got;
      const ok = whole ? this.process.faultHuge() : this.process.fault(n) === n;
      if (!ok) break;
      this.got += n;
      asked += n;
    }
    return asked;
  }

  /** Ends and starts again: its heap is faulted in anew by the turns that follow. */
  restart(): void {
    this.process?.exit();
    this.process = null;
    this.got = 0;
  }

  stop(): void {
    this.restart();
  }
}
