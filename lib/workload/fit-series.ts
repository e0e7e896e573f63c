/**
 * Derives from a series of measured moments of a machine a workload that makes a model machine like it. Amounts come from the
 * moments, what comes and goes from how much they differ. What the moments do not tell is assumed, and said.
 */
import { log } from "../base/elementary";
import { InputError } from "../base/errors";
import { largestOf, leastOf } from "../base/extremes";
import type { LeafWorkload } from "./workload";

/** What a machine has in memory at one time, in pages; what is not known is missing. */
export interface KnownPages {
  /** Memory that the kernel manages: MemTotal. */
  memoryPages: number;
  /** Seconds since boot. */
  uptime?: number;
  slabReclaimable?: number;
  slabUnreclaimable?: number;
  pageTables?: number;
  kernelStacks?: number;
  anon?: number;
  /** Page cache with buffers, without shared memory. */
  file?: number;
}

/** A machine at one time, as fits need it. */
export interface Moment extends KnownPages {
  /** Pages requested since boot. */
  requested?: number;
  /** Shares of the page cache in large folios and of anonymous memory in huge pages. */
  largeFolios?: number;
  huge?: number;
  /** Mean length of runs of anonymous pages and of pages of files. */
  anonRun?: number;
  fileRun?: number;
  /** Pages of the page blocks of type unmovable. */
  unmovableTyped?: number;
  /** Share of slab pages in slabs of order 0, 1, 2, 3. */
  slabOrders?: readonly number[];
}

export interface Fit {
  workload: LeafWorkload;
  /** What was assumed because no moment tells it, a sentence each. */
  assumed: string[];
}

/** Processes that stay have this part of the least anonymous memory seen: a modelling choice. */
const STAYS = 0.25;
/** Used where there are less than two moments with a time. */
const JOB_SECONDS = 600;
export const SETTLED_SECONDS = 3600;
/** Short-lived processes are simulated up to this many times memory per hour: a modelling choice, to save time. */
const TURNOVER_MOST = 0.25;
/** More jobs at a time than this are as even as a constant. */
const JOBS_MOST = 50;
const HOUR_S = 3600;

/** Assumed where nothing is known; shares of memory from the kernel shares of docs/calibration.md. */
const ASSUMED = {
  slabReclaimable: 0.02,
  slabUnreclaimable: 0.01,
  pageTables: 0.003,
  stacks: 0.0003,
  file: 0.2,
};

/**
 * The moments must be of one machine. Their order does not matter.
 * @example
 * ```ts
 * import { fitMoments } from "pageblock";
 *
 * const { assumed } = fitMoments([{ memoryPages: 1_000_000, anon: 300_000 }]);
 * assumed.length > 0; // => true
 * ```
 */
export function fitMoments(given: readonly Moment[]): Fit {
  if (given.length === 0) throw new InputError("fit: at least one sample is needed");
  const moments = [...given].sort((a, b) => (a.uptime ?? 0) - (b.uptime ?? 0));
  const assumed: string[] = [];
  const memory = moments[0]!.memoryPages;
  const seen = new Series(moments, memory, assumed);
  const jobs = fitJobs(seen, assumed);
  const slabReclaimable = seen.first("slabReclaimable", ASSUMED.slabReclaimable);
  const slabUnreclaimable = seen.first("slabUnreclaimable", ASSUMED.slabUnreclaimable);
  const tables = seen.ratio("pageTables", "anon", ASSUMED.pageTables);
  const orders = seen.last("slabOrders");
  if (orders === undefined)
    assumed.push(
      "slabs: a tenth of slab pages of order 1, a fifth of order 2, a tenth of order 3 (no slabinfo)",
    );
  const workload: LeafWorkload = {
    kind: "like",
    duration: "endless",
    settled: Math.round(1000 * (moments[0]!.uptime ?? SETTLED_SECONDS)),
    ...jobs,
    slabReclaimable: rounded(slabReclaimable),
    slabUnreclaimable: rounded(slabUnreclaimable),
    stacks: rounded(seen.mean("kernelStacks", ASSUMED.stacks)),
    growthSlab: rounded(seen.growth("slabReclaimable") + seen.growth("slabUnreclaimable")),
    peak: rounded(seen.peak()),
    turnover: rounded(seen.turnover()),
    tables: rounded(tables),
    largeFolios: rounded(seen.plain("largeFolios", 0, "no page cache in large folios (no class map)")),
    huge: rounded(seen.plain("huge", 0, "no huge pages (no AnonHugePages)")),
    anonRun: rounded(Math.max(1, seen.plain("anonRun", 12, "runs of 12 anonymous pages (no class map)"))),
    fileRun: rounded(Math.max(1, seen.plain("fileRun", 4, "runs of 4 pages of files (no class map)"))),
    slabOrder1: rounded(orders?.[1] ?? 0.1),
    slabOrder2: rounded(orders?.[2] ?? 0.2),
    slabOrder3: rounded(orders?.[3] ?? 0.1),
  };
  if (moments[0]!.uptime === undefined)
    assumed.push("the machine had been up for an hour at the first sample (no uptime)");
  return { workload, assumed };
}

/**
 * Jobs as a Poisson process: of n jobs of size S at a time the mean is n S and the variance n S². The moment of boot, at which no
 * job runs, counts as one of the moments for the spread: a short series does not tell what an idle machine looks like.
 */
function fitJobs(seen: Series, assumed: string[]): Partial<LeafWorkload> {
  const anon = seen.values("anon");
  if (anon.length === 0) {
    assumed.push("two jobs at a time with a tenth of memory each (no meminfo)");
    return {
      base: 0.05,
      kept: ASSUMED.file,
      growthKept: 0,
      jobs: 2,
      jobTime: "10m",
      jobAnon: 0.1,
      jobFile: 0.02,
    };
  }
  const base = STAYS * leastOf(anon);
  const above = Math.max(1e-6, meanOf(anon) - base);
  const spread = varianceOf([0, ...anon]);
  const jobs = Math.min(JOBS_MOST, Math.max(0.1, (above * above) / Math.max(spread, 1e-12)));
  const jobAnon = above / jobs;
  const file = seen.values("file");
  const mean = file.length > 0 ? meanOf(file) : ASSUMED.file;
  if (file.length === 0) assumed.push("a fifth of memory in page cache (no Active(file))");
  if (anon.length === 1)
    assumed.push("how much comes and goes, from the difference to the moment of boot (one sample)");
  // Files that come and go with the jobs: as much as the page cache varies for each page that processes vary.
  const moves = file.length > 1 ? Math.sqrt(varianceOf(file) / Math.max(varianceOf(anon), 1e-12)) : 0.2;
  const jobFile = Math.min(jobAnon * moves, mean / (2 * jobs));
  const trend = seen.growth("file");
  const seconds = seen.jobSeconds(spread, assumed);
  return {
    base: rounded(base),
    kept: rounded(Math.max(0, mean - jobs * jobFile)),
    // A trend counts only where it is larger than what comes and goes.
    growthKept: rounded(trend * (seen.spanS / HOUR_S) > 2 * Math.sqrt(varianceOf(file)) ? trend : 0),
    jobs: rounded(jobs),
    jobTime: Math.round(1000 * seconds),
    jobAnon: rounded(jobAnon),
    jobFile: rounded(jobFile),
  };
}

type Amount = "slabReclaimable" | "slabUnreclaimable" | "pageTables" | "kernelStacks" | "anon" | "file";

/** The moments as shares of memory. */
class Series {
  constructor(
    private readonly moments: readonly Moment[],
    private readonly memory: number,
    private readonly assumed: string[],
  ) {}

  /** Seconds from the first moment to the last. */
  get spanS(): number {
    return (this.moments.at(-1)!.uptime ?? 0) - (this.moments[0]!.uptime ?? 0);
  }

  values(of: Amount): number[] {
    return this.moments.flatMap((m) => (m[of] === undefined ? [] : [m[of] / this.memory]));
  }

  private orAssumed(value: number | undefined, of: Amount, otherwise: number): number {
    if (value !== undefined) return value;
    this.assumed.push(`${of}: ${100 * otherwise} % of memory (no sample tells it)`);
    return otherwise;
  }

  first(of: Amount, otherwise: number): number {
    return this.orAssumed(this.values(of)[0], of, otherwise);
  }

  mean(of: Amount, otherwise: number): number {
    const values = this.values(of);
    return this.orAssumed(values.length === 0 ? undefined : meanOf(values), of, otherwise);
  }

  /** Pages of the one for each page of the other. */
  ratio(of: Amount, to: Amount, otherwise: number): number {
    const base = this.values(to);
    const per = base.length === 0 ? 0.3 : meanOf(base);
    return Math.min(1, this.mean(of, otherwise) / Math.max(per, 1e-6));
  }

  last<K extends keyof Moment>(of: K): Moment[K] | undefined {
    return this.moments.filter((m) => m[of] !== undefined).at(-1)?.[of];
  }

  plain(of: "largeFolios" | "huge" | "anonRun" | "fileRun", otherwise: number, says: string): number {
    const values = this.moments.flatMap((m) => (m[of] === undefined ? [] : [m[of]]));
    if (values.length === 0) this.assumed.push(says);
    return values.length === 0 ? otherwise : meanOf(values);
  }

  /** Share of memory per hour by which it grew from the first moment to the last; not less than none. */
  growth(of: Amount): number {
    const known = this.moments.filter((m) => m[of] !== undefined && m.uptime !== undefined);
    const [from, to] = [known[0], known.at(-1)];
    if (from === undefined || to === undefined || to.uptime === from.uptime) return 0;
    const share = (to[of]! - from[of]!) / this.memory;
    return Math.max(0, (share * HOUR_S) / (to.uptime! - from.uptime!));
  }

  /**
   * What the unmovable page blocks hold room for beyond what is in them: a block that was claimed once rarely becomes movable
   * again, so that it tells how much there was at the peak.
   */
  peak(): number {
    const room = this.moments.flatMap((m) =>
      m.unmovableTyped === undefined
        ? []
        : [m.unmovableTyped - (m.slabUnreclaimable ?? 0) - (m.pageTables ?? 0) - (m.kernelStacks ?? 0)],
    );
    if (room.length === 0) this.assumed.push("kernel pages never were more than sampled (no pagetypeinfo)");
    return Math.max(0, largestOf(room)) / this.memory;
  }

  /** Requested pages as shares of memory per hour, up to what is simulated. */
  turnover(): number {
    const known = this.moments.filter((m) => m.requested !== undefined && m.uptime !== undefined);
    const [from, to] = [known[0], known.at(-1)];
    if (from === undefined || to === undefined) {
      this.assumed.push("no short-lived processes (no pgalloc counters in vmstat)");
      return 0;
    }
    const alone = from === to;
    const pages = to.requested! - (alone ? 0 : from.requested!);
    const seconds = to.uptime! - (alone ? 0 : from.uptime!);
    return Math.min(TURNOVER_MOST, ((pages / this.memory) * HOUR_S) / seconds);
  }

  /** From how like one another successive moments are: exp(−interval / job time) of the variance is common. */
  jobSeconds(spread: number, assumed: string[]): number {
    const known = this.moments.filter((m) => m.anon !== undefined && m.uptime !== undefined);
    if (known.length < 3 || this.spanS === 0) {
      assumed.push(`jobs of ${JOB_SECONDS / 60} minutes (fewer than three samples with a time)`);
      return JOB_SECONDS;
    }
    const steps = known.slice(1).map((m, i) => (m.anon! - known[i]!.anon!) / this.memory);
    const interval = this.spanS / steps.length;
    const common = 1 - meanOf(steps.map((d) => d * d)) / (2 * Math.max(spread, 1e-12));
    const seconds = -interval / log(Math.min(0.95, Math.max(0.1, common)));
    return Math.min(10 * interval, Math.max(interval / 2, seconds));
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
}

/** Four digits say all that samples tell. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
