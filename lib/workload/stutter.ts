/**
 * In the manner of mmtests' stutter: one program has much anonymous memory, a large file is copied, and another program maps memory,
 * touches all of it and unmaps it, over and over: how long does that take?
 */
import type { Random } from "../base/random";
import { type EventCounts, elapsedNs } from "../hardware/costs";
import type { System } from "../machine/system";
import { filled, number, size, time } from "../schema/field";
import { AnonymousGrowth } from "./anonymous-growth";
import { FileCopy } from "./file-copy";
import { Paced, pagesOf } from "./load";
import { duration, LONGEST_MS } from "./parameters";
import { Probe } from "./probe";
import { Repeated, SideBySide } from "./side-by-side";
import { type Actor, defineWorkload } from "./workload";

/** The first program touches its memory as fast as it can, before anything is copied, and then waits. */
class Memhog implements Actor {
  constructor(
    private readonly load: AnonymousGrowth,
    private readonly pages: number,
    public nextMs: number,
  ) {}

  step(): void {
    this.load.turn(this.pages);
    this.nextMs = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.load.stop();
  }
}

/** Single pages of anonymous memory are mapped and unmapped; the program waits in between. */
class MappingProbe extends Repeated {
  private readonly base: number;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    readonly probe: Probe,
    private readonly pages: number,
    clock: { startMs: number; everyMs: number },
  ) {
    super(clock.startMs, clock.everyMs);
    this.base = system.reserveSlots(pages);
  }

  /** Like the original, it waits after each mapping, so that a slow one delays the next. */
  protected work(): number {
    const { system, base, pages } = this;
    system.runAnywhere(this.random);
    let got = 0;
    const ns = this.probe.measure(
      system,
      () => {
        got = system.allocRun("anon", base, pages);
        return got === pages;
      },
      () => mappingCosts(got),
    );
    if (got > 0) system.vacate(base, base + got - 1);
    return ns / 1e6;
  }

  stop(): void {
    this.system.returnSlots(this.base, this.pages);
  }
}

/** Every page is taken, cleared and given back. */
function mappingCosts(pages: number): EventCounts {
  return { pcpHit: 2 * pages, zeroPage: pages };
}

export const stutter = defineWorkload({
  kind: "stutter",
  title: "a program that maps memory beside a copy (stutter)",
  summary:
    "One program has much anonymous memory and a large file is copied, while another program maps memory, touches all of it and unmaps it, over and over. The result is how long the latter takes. In the manner of mmtests' stutter.",
  parameters: {
    duration: duration("1 minute"),
    memory: filled(
      number("anonymous memory of the first program, relative to memory", "factor", {
        default: 0.7,
        most: 4,
        source: "modelling choice",
      }),
    ),
    file: filled(
      number("the file that is copied, relative to memory", "factor", { default: 1, least: 0.001, most: 16 }),
    ),
    copied: filled(size("copied per second", { default: "100MiB", source: "modelling choice" })),
    mapping: filled(size("memory mapped each time", { default: "128MiB", least: 1 })),
    every: filled(time("pause before it is mapped again", { default: "5ms", most: LONGEST_MS })),
  },
  leaves: [],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, system) => {
    const mapped = pagesOf(system, p.mapping);
    const ms = Math.max(0.001, p.every) + elapsedNs(mappingCosts(mapped), system.costs) / 1e6;
    return (2 * p.copied) / system.pageSize + (1000 * mapped) / ms;
  },
  start: (system, p, random, startMs): Actor => {
    const anonymous = new AnonymousGrowth(
      system,
      random.fork("anonymous"),
      Math.floor(system.managedPages * p.memory),
    );
    const file = Math.max(1, Math.floor(system.managedPages * p.file));
    const copy = new FileCopy(system, file, Math.ceil(system.managedPages / 10));
    const probe = new Probe("mapping");
    const mapping = new MappingProbe(system, random.fork("mapping"), probe, pagesOf(system, p.mapping), {
      startMs,
      everyMs: Math.max(0.001, p.every),
    });
    const memhog = new Memhog(anonymous, Math.floor(system.managedPages * p.memory), startMs);
    const copying = new Paced(copy, (2 * p.copied) / system.pageSize, startMs);
    return new SideBySide([memhog, copying, mapping], [probe]);
  },
});
