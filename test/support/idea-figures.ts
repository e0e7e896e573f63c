/**
 * The figures of docs/ideas.md: what was published of an idea beside what the model measures. Prints them as the page has them:
 * `node --require ./test/support/register.cjs test/support/idea-figures.ts [seeds]`, default 16.
 */
import { run } from "../../lib/experiment/run";
import { ideas } from "../../lib/ideas";
import { boot } from "../../lib/machine/boot";
import { type Plan, parsePlan } from "../../lib/plan/run";

type Means = Record<string, number>;
type Asked = Record<string, unknown>;

const PC = { board: "pc-x86-64", memory: "384MiB", kernel: "6.19" };
const EIGHT = { size: "2MiB", times: 8, held: 8 };
const ONE = { size: "4KiB" };

/**
 * One figure beside the published one. Hit: at least half of the published effect and at most twice as much, or a share within
 * 10 points. In part: the direction alone, or one of two figures. Missed: anything else.
 */
export interface IdeaFigure {
  readonly idea: string;
  readonly published: string;
  readonly ours: string;
  readonly verdict: "hit" | "missed" | "in part";
}

const settings = (name: string) => ideas.find((one) => one.name === name)!.machine;

/** A plan of the small PC, used for eight hours. */
function planOf(machine: object, profile: string, request: Asked, more: object = {}): Plan {
  const workload = { kind: "uptime", duration: "8 hours", profile };
  const record = { metrics: ["compaction", "freeLists", "hugePages", "cost"] };
  return parsePlan({
    machine: { ...PC, ...machine },
    workload,
    strategy: "buddy",
    request,
    record,
    ...more,
  } as never);
}

/** Every metric of runs with the seeds 1 to `seeds`, and the latencies of requests granted. */
function runs(plan: Plan, seeds: number): { metrics: Means[]; granted: number; latencyNs: number[] } {
  const all = Array.from({ length: seeds }, (_, i) => run({ ...plan, seed: i + 1 }));
  return {
    metrics: all.map(({ metrics }) => metrics),
    granted: all.reduce((n, { requests }) => n + requests.granted.reduce((a, b) => a + b, 0), 0),
    latencyNs: all.flatMap(({ requests }) => requests.latencyNs.filter((_, i) => requests.granted[i] === 1)),
  };
}

const sum = (of: { metrics: Means[] }, name: string) =>
  of.metrics.reduce((n, metrics) => n + (metrics[name] ?? 0), 0);
const signed = (n: number) => `${n > 0 ? "+" : "−"}${Math.abs(n).toFixed(0)} %`;
const change = (before: number, after: number) => 100 * (after / before - 1);

function contiguitas(seeds: number): IdeaFigure {
  const none = (machine: object) =>
    runs(planOf(machine, "server", ONE), seeds).metrics.filter((m) => m.free2MiBPages === 0).length;
  const [stock, with_] = [none({}), none(settings("contiguitas"))];
  return {
    idea: "contiguitas",
    published: "23 % of servers have no free page of 2 MiB",
    ours: `${stock} of ${seeds} machines as they are, ${with_} of ${seeds} with the idea`,
    verdict: Math.abs(stock / seeds - 0.23) <= 0.1 ? "hit" : "missed",
  };
}

function ranger(seeds: number): IdeaFigure {
  const of = (machine: object) => runs(planOf(machine, "server", ONE), seeds);
  const [stock, with_] = [of({}), of(settings("translation-ranger"))];
  const ratio = sum(with_, "largestFreeBytes") / sum(stock, "largestFreeBytes");
  const ms = (sum(with_, "cpuCompactionNs") - sum(stock, "cpuCompactionNs")) / 1e6 / seeds;
  const share = (100 * ms) / (8 * 3600 * 1000);
  return {
    idea: "translation-ranger",
    published: "regions 40 times larger, at less than 2 % of run time",
    ours: `the largest free range is ${ratio.toFixed(1)} times as large, at ${ms.toFixed(0)} ms more of compaction in 8 hours (${share.toPrecision(1)} %)`,
    verdict: ratio >= 20 ? "hit" : share < 2 ? "in part" : "missed",
  };
}

function llfree(seeds: number): IdeaFigure {
  const of = (machine: object) => runs(planOf(machine, "server", EIGHT), seeds);
  const [stock, with_] = [of({}), of(settings("llfree"))];
  const moved = change(sum(stock, "compactMigrated"), sum(with_, "compactMigrated"));
  return {
    idea: "llfree",
    published: "compaction moves 64 % fewer pages",
    ours: `${signed(moved)}, for ${with_.granted} pages of 2 MiB granted against ${stock.granted}`,
    verdict: moved <= -32 && with_.granted >= stock.granted ? "hit" : "missed",
  };
}

function hyperAlloc(seeds: number): IdeaFigure {
  const used = (machine: object) => {
    const all = runs(planOf(machine, "desktop", ONE), seeds);
    return sum(all, "managedBytes") - 2 ** 21 * sum(all, "free2MiBPages");
  };
  const footprint = change(used({}), used(settings("hyperalloc")));
  return {
    idea: "hyperalloc",
    published: "a footprint 17 % smaller than with free-page reporting",
    ours: `${signed(footprint)}: memory less free pages of 2 MiB`,
    verdict: footprint <= -8.5 ? "hit" : footprint < -0.5 ? "in part" : "missed",
  };
}

function gcma(seeds: number): IdeaFigure {
  const meanMs = (strategy: object) => {
    const request = { size: "16MiB", times: 4 };
    const { latencyNs } = runs(planOf({}, "server", request, { strategy }), seeds);
    return latencyNs.reduce((a, b) => a + b, 0) / latencyNs.length / 1e6;
  };
  const cma = meanMs({ name: "cma", area: 2 ** 25 });
  const with_ = meanMs({ name: "guaranteed-cma", area: 2 ** 25 });
  const times = cma / with_;
  return {
    idea: "gcma",
    published: "15 to 130 times faster than CMA",
    ours: `${times.toFixed(0)} times: ${cma.toPrecision(2)} ms and ${with_.toPrecision(2)} ms for 16 MiB, means`,
    verdict: times >= 7.5 && times <= 260 ? "hit" : times > 1 ? "in part" : "missed",
  };
}

function defragMode(seeds: number): IdeaFigure {
  const of = (machine: object) => runs(planOf(machine, "desktop", EIGHT), seeds);
  const [stock, with_] = [of({}), of(settings("defrag-mode"))];
  const fell = change(sum(stock, "thpFellBack"), sum(with_, "thpFellBack"));
  return {
    idea: "defrag-mode",
    published: "huge page faults that fall back −75.29 %",
    ours: `${signed(fell)} (${sum(stock, "thpFellBack")} and ${sum(with_, "thpFellBack")} faults)`,
    verdict: fell <= -37.5 ? "hit" : fell < 0 ? "in part" : "missed",
  };
}

function smallPageBlocks(): IdeaFigure {
  const bytes = boot({ board: "qemu-virt", pageSize: 65536, memoryBytes: 2 ** 32, kernel: "6.19" }).cma
    .alignmentBytes;
  return {
    idea: "small-page-blocks",
    published: "CMA areas are aligned to 512 MiB with pages of 64 KiB by default",
    ours: `${bytes / 2 ** 20} MiB`,
    verdict: bytes === 2 ** 29 ? "hit" : "missed",
  };
}

/** Every figure that a published one can be held against. */
export function ideaFigures(seeds: number): IdeaFigure[] {
  const all = [contiguitas, ranger, llfree, hyperAlloc, gcma, defragMode];
  return [...all.map((one) => one(seeds)), smallPageBlocks()];
}

/** The rows of the table in docs/ideas.md. */
export const figureRows = (figures: readonly IdeaFigure[]): string[] =>
  figures.map((f) => `| ${f.idea} | ${f.published} | ${f.ours} | ${f.verdict} |`);

if (require.main === module)
  process.stdout.write(`${figureRows(ideaFigures(Number(process.argv[2] ?? 16))).join("\n")}\n`);
