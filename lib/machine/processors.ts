/**
 * Which CPU acts. Modelled: Linux's scheduler and its interrupts are not, but what they do to the lists of CPUs is. A task
 * starts on any CPU and stays there, until a slice of its work finds it moved; interrupts come to any CPU, and so does whoever
 * reads what they brought; kswapd is on the last CPU of its node. The order of slices is the workload's, and a seed decides
 * about CPUs, so equal plans act alike everywhere. With one CPU, or without the option `smp`, no number is drawn.
 */
import { Random } from "../base/random";
import type { Memory } from "../mm/state/memory";

/** Slices of a task's work between two moves to another CPU, in the mean. A modelling choice. */
const SLICES_BETWEEN_MOVES = 16;

/** A task that has no CPU of its own: it acts wherever its caller does. */
export const ANYWHERE = -1;

export class Processors {
  private readonly memory: Memory;
  private random: Random;

  constructor(memory: Memory) {
    this.memory = memory;
    this.random = new Random(0);
  }

  /** From now on the stream decides. */
  seed(random: Random): void {
    this.random = random;
  }

  private get cpus(): number {
    return this.memory.zones[0]!.pcps.length;
  }

  /** The CPU of a new task; ANYWHERE where CPUs are not told apart. */
  place(): number {
    return this.memory.smp ? this.random.below(this.cpus) : ANYWHERE;
  }

  /** A slice of a task's work begins; returns its CPU from now on. */
  slice(cpu: number): number {
    if (cpu === ANYWHERE) return cpu;
    const now = this.random.chance(1 / SLICES_BETWEEN_MOVES) ? this.random.below(this.cpus) : cpu;
    this.memory.runOn(now);
    return now;
  }

  /** What follows is an interrupt, or work that no task has to itself: on any CPU. */
  anywhere(): void {
    if (this.memory.smp) this.memory.runOn(this.random.below(this.cpus));
  }
}
