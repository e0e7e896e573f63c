/**
 * Sustained pressure beside a probe: files stream through the page cache and programs want more anonymous memory than there is, while
 * blocks of given orders and huge pages are requested at a given rate, measured and freed at once.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import { filled, name, number, type OutOf, size } from "../schema/field";
import { AnonymousGrowth } from "./anonymous-growth";
import { FileCopy } from "./file-copy";
import { HugeAreas } from "./huge-areas";
import { type Load, Paced } from "./load";
import { checkOrders, drawOrder, duration, type OrderWeight, orderWeights, totalWeight } from "./parameters";
import { Probe } from "./probe";
import { Repeated, SideBySide } from "./side-by-side";
import { type Actor, defineWorkload } from "./workload";
import { ZramLoad } from "./zram";

/** Of memory in use by programs that swap to zram, the part that stays uncompressed: that of `zram` (a modelling choice). */
const ZRAM_RESIDENT = 0.4;

/** A block is requested, measured and freed. */
class BlockProbe extends Repeated {
  private readonly weight: number;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly asked: { orders: readonly OrderWeight[]; movable: boolean; probes: readonly Probe[] },
    startMs: number,
    everyMs: number,
  ) {
    super(startMs, everyMs);
    this.weight = totalWeight(asked.orders);
  }

  protected work(): number {
    const { system, random, asked, weight } = this;
    const order = drawOrder(asked.orders, weight, random);
    const probe = asked.probes[asked.orders.findIndex((one) => one.order === order)]!;
    system.runAnywhere(random);
    let got = -1;
    probe.measure(
      system,
      () => {
        got = asked.movable
          ? system.alloc("anon", order, GFP_HIGHUSER_MOVABLE)
          : system.allocFixed("driver", GFP_KERNEL, order);
        return got >= 0;
      },
      (granted) => ({ buddyTake: 1, ...(granted && asked.movable && { zeroPage: 1 << order }) }),
    );
    if (got >= 0 && asked.movable) system.free(got);
    else if (got >= 0) system.freeFixed(got, order);
    return 0;
  }

  stop(): void {}
}

/** A huge page is faulted in, measured and unmapped. */
class HugeProbe extends Repeated {
  private readonly areas: HugeAreas;

  constructor(
    system: System,
    private readonly probe: Probe,
    startMs: number,
    everyMs: number,
  ) {
    super(startMs, everyMs);
    this.areas = new HugeAreas(system);
  }

  protected work(): number {
    this.areas.fault(this.probe);
    this.areas.unmap();
    return 0;
  }

  stop(): void {
    this.areas.unmap();
  }
}

const PARAMETERS = {
  duration: duration("10 minutes"),
  stream: filled(
    size("read per second, from one large file after the other", {
      default: "64MiB",
      source: "modelling choice",
    }),
  ),
  anon: filled(
    number("anonymous memory that programs want, relative to memory", "factor", {
      default: 0.5,
      most: 4,
      source: "modelling choice",
    }),
  ),
  growth: filled(
    size("anonymous memory faulted in, and later used again, per second", {
      default: "32MiB",
      source: "modelling choice",
    }),
  ),
  swap: filled(
    name(
      "where anonymous memory goes: the machine's own swap space, if it has any, or zram",
      ["machine", "zram"],
      { default: "machine" },
    ),
  ),
  orders: orderWeights("blocks requested", "0 3 9"),
  rate: filled(number("blocks requested per second", "1/s", { default: 10, most: 1e6 })),
  who: filled(
    name("who requests them: the kernel for itself, or processes", ["kernel", "processes"], {
      default: "kernel",
    }),
  ),
  huge: filled(
    number("faults of huge pages per second, in madvised areas", "1/s", { default: 1, most: 1e6 }),
  ),
};

type Parameters = OutOf<typeof PARAMETERS>;

/** Programs that want anonymous memory. */
function programs(system: System, p: Parameters, random: Random): Load {
  const wanted = Math.floor(system.managedPages * p.anon);
  if (p.swap === "machine") return new AnonymousGrowth(system, random.fork("anonymous"), wanted);
  return new ZramLoad(system, random.fork("zram"), {
    mostPages: wanted,
    residentPages: Math.max(32, Math.floor(Math.min(wanted, system.managedPages) * ZRAM_RESIDENT)),
    ratio: 2,
  });
}

export const pressure = defineWorkload({
  kind: "pressure",
  title: "sustained pressure beside a probe",
  summary:
    "Files stream through the page cache and programs want much anonymous memory, so that reclaim works all the time. Beside that, blocks of given orders and huge pages are requested at a given rate; how many are granted, and how long it takes, is the result.",
  parameters: PARAMETERS,
  leaves: ["anon", "zspage"],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, { pageSize, memory }) => {
    const weights = p.orders.reduce((sum, { weight }) => sum + weight, 0);
    const mean = p.orders.reduce((pages, { order, weight }) => pages + weight * 2 ** order, 0) / weights;
    return (p.stream + p.growth) / pageSize + p.rate * mean + p.huge * 2 ** memory.thpOrder;
  },
  start: (system, p, random, startMs): Actor => {
    checkOrders("pressure", p.orders, system.memory.maxOrder);
    const probes = p.orders.map(({ order }) => new Probe(`order${order}`));
    const huge = new Probe("hugeFault");
    const asked = { orders: p.orders, movable: p.who === "processes", probes };
    // A file is as large as memory: what is read again was dropped meanwhile.
    const stream = new FileCopy(system, system.managedPages, null);
    const parts = [
      new Paced(stream, p.stream / system.pageSize, startMs),
      new Paced(programs(system, p, random), p.growth / system.pageSize, startMs),
      new BlockProbe(system, random.fork("probe"), asked, startMs, 1000 / p.rate),
      new HugeProbe(system, huge, startMs, 1000 / p.huge),
    ];
    return new SideBySide(parts, p.huge > 0 ? [...probes, huge] : probes);
  },
});
