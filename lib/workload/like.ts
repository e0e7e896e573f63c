/**
 * A machine like a recorded one: its amounts of memory by class, reached by processes that take pages of all classes in turn. It
 * knows amounts and rates, not frames; fitSeries() derives it from samples of a real machine.
 *
 * Until `settled` the page cache, slab and daemons grow in even steps to their amounts. Jobs come and go all the time: each
 * faults in memory and reads files for the first half of its life, and gives back its memory and a part of the files in the end.
 * What stays after a job (page cache, slab) is how the machine grows from then on.
 */
import { exp } from "../base/elementary";
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import type { OwnerKind } from "../mm/state/owners";
import { OWNER_KINDS } from "../mm/state/owners";
import { ALLOCATED, ORDER_MASK, OWNER_MASK } from "../mm/state/page-state";
import { filled, number, type OutOf, share, time } from "../schema/field";
import { type Amounts, LikeHolder, type LikeShape, LikeSlab } from "./like-holder";
import { duration, LONGEST_MS } from "./parameters";
import { type Actor, defineWorkload } from "./workload";

const HOUR_MS = 3_600_000;
/** A step is a second, or a part of a job's life if that is longer. */
const STEP_MS = 1000;
const STEPS_A_JOB = 200;
/** Before a machine has settled, as many jobs' time is simulated at most: what earlier ones left is overwritten by these. */
const JOBS_BEFORE = 40;
/** Turns in which the machine and its jobs share a step. */
const TURNS = 32;
/** A job grows for this part of its life. */
const GROWS = 0.5;
/** Before a machine has settled, its kernel pages peak so many times; each peak lasts for half of the time to the next one. */
const PEAKS = 4;
/** No step of short-lived processes takes more of memory. */
const PASSING_MOST = 0.02;

const PARAMETERS = {
  duration: duration("2h"),
  settled: filled(
    time("time since boot after which the machine has what is stated here", {
      default: "1h",
      most: LONGEST_MS,
    }),
  ),
  base: filled(share("memory in anonymous pages of processes that stay", { default: 0.05 })),
  kept: filled(share("memory in page cache that stays", { default: 0.15 })),
  slabReclaimable: filled(share("memory in reclaimable slab", { default: 0.02 })),
  slabUnreclaimable: filled(share("memory in other slab", { default: 0.005 })),
  stacks: filled(share("memory in kernel stacks", { default: 0.0002 })),
  growthKept: filled(share("memory by which that page cache grows per hour after that", { default: 0 })),
  growthSlab: filled(share("memory by which slab grows per hour after that", { default: 0 })),
  jobs: filled(number("jobs that run at a time, on average", "jobs", { default: 2, most: 1000 })),
  jobTime: filled(time("how long a job runs, on average", { default: "10m", most: LONGEST_MS })),
  jobAnon: filled(share("memory in anonymous pages of a job", { default: 0.1 })),
  jobFile: filled(share("memory in files that a job reads and that are deleted with it", { default: 0.02 })),
  peak: filled(
    share("memory that kernel pages of short-lived work took at their peak, beyond those stated here", {
      default: 0,
    }),
  ),
  turnover: filled(
    number("memory that short-lived processes take and give back per hour", "share/h", {
      default: 0,
      most: 1000,
    }),
  ),
  tables: filled(number("page tables per anonymous page", "pages", { default: 0.01, most: 1 })),
  largeFolios: filled(share("page cache in large folios", { default: 0 })),
  huge: filled(share("anonymous memory in huge pages", { default: 0 })),
  anonRun: filled(number("pages faulted in in a row", "pages", { least: 1, default: 12, most: 4096 })),
  fileRun: filled(number("pages read in a row", "pages", { least: 1, default: 4, most: 4096 })),
  slabOrder1: filled(share("slab pages in slabs of order 1", { default: 0.1 })),
  slabOrder2: filled(share("slab pages in slabs of order 2", { default: 0.2 })),
  slabOrder3: filled(share("slab pages in slabs of order 3", { default: 0.1 })),
};
type Parameters = OutOf<typeof PARAMETERS>;

interface Job {
  holder: LikeHolder;
  startMs: number;
  growsMs: number;
  endMs: number;
  /** Pages per millisecond while it grows. */
  rates: [kind: keyof Amounts, pages: number][];
}

class Like implements Actor {
  nextMs: number;
  private readonly pages: number;
  private readonly shape: LikeShape;
  private readonly slab: LikeSlab;
  private readonly machine: LikeHolder;
  private readonly settledMs: number;
  private readonly stepMs: number;
  /** What the machine takes per millisecond until it has settled. */
  private readonly filling: Amounts;
  private readonly jobs: Job[];
  /** When the next peak of kernel pages begins, and after how long another. */
  private peakMs: number;
  private readonly betweenMs: number;
  private begun: number;
  private passing: LikeHolder;
  private readonly cpus: Random;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: Parameters,
    startMs: number,
  ) {
    this.pages = system.managedPages;
    const { anonRun, fileRun, largeFolios, huge } = p;
    const slabOrders = [p.slabOrder1, p.slabOrder2, p.slabOrder3] as const;
    this.shape = { anonRun, fileRun, largeFolios, huge, slabOrders };
    this.slab = new LikeSlab(system, random);
    this.machine = this.holder("machine");
    this.passing = this.holder("passing");
    this.jobs = [];
    this.begun = 0;
    this.cpus = random.fork("cpus");
    this.stepMs = Math.max(STEP_MS, p.jobTime / STEPS_A_JOB);
    this.settledMs = startMs + p.settled;
    this.nextMs = Math.max(startMs, this.settledMs - JOBS_BEFORE * p.jobTime);
    const fillMs = Math.max(this.stepMs, this.settledMs - this.nextMs);
    this.betweenMs = fillMs / PEAKS;
    this.peakMs = p.peak > 0 ? this.nextMs + this.betweenMs / 4 : Number.POSITIVE_INFINITY;
    this.filling = this.toFill(fillMs);
  }

  private holder(name: string): LikeHolder {
    return new LikeHolder(this.system, this.random.fork(name), this.shape, this.slab);
  }

  private toFill(ms: number): Amounts {
    const { p, pages } = this;
    const lacking = (wanted: number, kind: OwnerKind) =>
      Math.max(0, wanted * pages - pagesOfKind(this.system, kind)) / ms;
    return {
      anon: (p.base * pages) / ms,
      kept: (p.kept * pages) / ms,
      slabReclaimable: lacking(p.slabReclaimable, "slabReclaimable"),
      slab: lacking(p.slabUnreclaimable, "slab"),
      pageTable: (p.base * p.tables * pages) / ms,
      kernelStack: lacking(p.stacks, "kernelStack"),
    };
  }

  step(): void {
    const { stepMs, nextMs, jobs } = this;
    this.pass();
    if (nextMs >= this.peakMs && nextMs < this.settledMs) {
      jobs.push(this.begin({ pageTable: this.p.peak }, this.betweenMs / 2));
      this.peakMs += this.betweenMs;
    }
    for (let i = this.arrivals(); i > 0; i--) jobs.push(this.newJob());
    this.grow();
    for (let i = jobs.length - 1; i >= 0; i--) {
      if (jobs[i]!.endMs > nextMs + stepMs) continue;
      this.system.runAnywhere(this.cpus);
      jobs.splice(i, 1)[0]!.holder.end();
    }
    this.system.memory.runOn(0);
    this.nextMs += stepMs;
  }

  /** The machine and its jobs take what is due in this step, in turns: processes run side by side. */
  private grow(): void {
    const { stepMs, nextMs, jobs } = this;
    const due: [holder: LikeHolder, amounts: Amounts, job: Job | null][] = [];
    const fillMs = Math.min(stepMs, this.settledMs - nextMs);
    if (fillMs > 0) due.push([this.machine, times(this.filling, fillMs / TURNS), null]);
    for (const job of jobs) {
      const ms = Math.min(nextMs + stepMs, job.growsMs) - Math.max(nextMs, job.startMs);
      if (ms > 0) due.push([job.holder, times(Object.fromEntries(job.rates), ms / TURNS), job]);
    }
    for (let turn = 0; turn < TURNS; turn++)
      for (const [holder, amounts, job] of due) {
        if (job !== null && job.growsMs <= nextMs) continue;
        this.system.runAnywhere(this.cpus);
        if (!holder.take(amounts) && job !== null) job.growsMs = nextMs;
      }
  }

  /** Processes that end before anybody looks: those of the last step end after those of this one began. */
  private pass(): void {
    const { p, pages } = this;
    if (p.turnover === 0) return;
    const anon = Math.min(PASSING_MOST, (p.turnover * this.stepMs) / HOUR_MS) * pages;
    const now = this.holder(`passing ${this.nextMs}`);
    now.take({ anon, pageTable: anon * p.tables });
    this.passing.end();
    this.passing = now;
  }

  /** Jobs that begin in this step: a Poisson number of mean jobs × step / jobTime. */
  private arrivals(): number {
    const { p, random } = this;
    if (p.jobs === 0) return 0;
    const limit = exp((-p.jobs * this.stepMs) / p.jobTime);
    let n = 0;
    for (let product = random.float(); product > limit; product *= random.float()) n++;
    return n;
  }

  private newJob(): Job {
    const { p, random, nextMs } = this;
    const perJob = nextMs < this.settledMs ? 0 : p.jobTime / (HOUR_MS * p.jobs);
    const slab = p.slabReclaimable + p.slabUnreclaimable;
    const grown = slab === 0 ? 0 : (p.growthSlab * perJob) / slab;
    const shares: Amounts = {
      anon: p.jobAnon,
      file: p.jobFile,
      kept: p.growthKept * perJob,
      slabReclaimable: p.slabReclaimable * grown,
      slab: p.slabUnreclaimable * grown,
      pageTable: p.jobAnon * p.tables,
    };
    return this.begin(shares, random.exponential(p.jobTime));
  }

  /** A job that takes these shares of memory and lives so long. */
  private begin(shares: Amounts, lifeMs: number): Job {
    const { nextMs, stepMs } = this;
    const life = Math.max(stepMs, lifeMs);
    const growsMs = nextMs + Math.max(stepMs, life * GROWS);
    const rates = Object.entries(times(shares, this.pages / (growsMs - nextMs))) as Job["rates"];
    const holder = this.holder(`job ${this.begun++}`);
    return { holder, startMs: nextMs, growsMs, endMs: nextMs + life, rates };
  }

  /** The machine goes on living: its jobs stay in memory. */
  stop(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

function times(amounts: Amounts, factor: number): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([kind, pages]) => [kind, pages * factor]));
}

/** Pages of a kind that the machine has had since boot. */
function pagesOfKind({ memory: m }: System, kind: OwnerKind): number {
  let pages = 0;
  for (const zone of m.zones)
    for (const piece of zone.pieces)
      for (let p = piece.startPfn; p < piece.endPfn; p++) {
        const s = m.state[p]!;
        if (s >= ALLOCATED && (m.ownerOf(p) & OWNER_MASK) === OWNER_KINDS[kind])
          pages += 1 << (s & ORDER_MASK);
      }
  return pages;
}

export const like = defineWorkload({
  kind: "like",
  title: "a machine like a recorded one",
  summary:
    "Reaches the amounts of page cache, slab, page tables and anonymous memory of a recorded machine by processes that take pages of all classes in turn, and lets jobs come and go. `pageblock fit` and fitSeries() derive one from samples.",
  parameters: PARAMETERS,
  leaves: ["anon", "fileClean", "slab", "slabReclaimable", "pageTable", "kernelStack"],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, system) =>
    system.managedPages * ((p.jobs * (p.jobAnon + p.jobFile) * 1000) / p.jobTime + p.turnover / 3600),
  start: (system, p, random, startMs) => new Like(system, random, p, startMs),
});
