/**
 * The runs of docs/try-a-change.md: node docs/examples/try-a-change.mjs --seeds 12 --first 1
 * Prints Markdown. Equal seeds give equal text on every computer.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadChange, machine, paired, Random } from "pageblock";

/** A whole number that the command line gives, or its default. */
function given(flag, { usual, least, most }) {
  const at = process.argv.indexOf(flag);
  const value = at < 0 ? usual : Number(process.argv[at + 1]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  console.error(
    `try-a-change: ${flag} must be a whole number from ${least} to ${most}: got ${process.argv[at + 1]}`,
  );
  process.exit(2);
}

const seeds = given("--seeds", { usual: 12, least: 2, most: 1000 });
const first = given("--first", { usual: 1, least: 0, most: 100_000 });

const file = join(fileURLToPath(import.meta.url), "../reclaim-first.ts");
const before = machine("pc-x86-64").memory("512MiB").kernel("6.12");
const variants = [
  { name: "6.12", machine: before },
  { name: "reclaim first", machine: before.change(loadChange(file)) },
  { name: "`defragMode`", machine: before.with({ defragMode: true }) },
];

const duration = "40s";
const bursts = (tabs) => ({
  ...{ kind: "desktop", duration, tabs, tab: "32MiB", life: "3s", huge: 1, files: "512MiB" },
});
const build = { kind: "kernel-build", duration, jobs: 8, rss: "12MiB" };
const packets = { packets: 20000, smallBuffers: 8192, largeBuffers: 1024 };
const settings = [
  { name: "Build and bursts", workload: { together: [build, bursts(6)] } },
  {
    name: "The same with much memory that does not move",
    workload: {
      together: [
        build,
        { kind: "network-server", duration, ...packets },
        { kind: "slab-growth", duration, files: 5000, most: 0.2, deleted: 0.5 },
        bursts(3),
      ],
    },
  },
];

/** What is counted, and by how much the series changed it as published (commit 67914ac08604). */
const counted = [
  { name: "Huge page faults that fell back", published: "−75 %", of: (c) => c.thpFellBack },
  { name: "huge page faults that got a huge page", published: "+35 %", of: (c) => c.thpAllocated },
  { name: "direct compactions that failed", published: "−69 %", of: (c) => c.compact_fail },
  { name: "page blocks with memory that does not move", published: "", of: (_, m) => m.spoiled().spoiled },
  { name: "pages scanned by direct reclaim", published: "", of: (c) => c.pgscan_direct },
  { name: "requests that failed", published: "", of: (c) => c.failures },
];

/** One row of numbers for each count: a number for each seed. */
function measure(kernel, workload) {
  const rows = counted.map(() => []);
  for (let seed = first; seed < first + seeds; seed++) {
    const used = kernel.running({ kswapdLag: 2000 }).apply(workload, seed);
    const { counters } = used.toJSON();
    counted.forEach(({ of }, i) => {
      rows[i].push(of(counters, used));
    });
  }
  return rows;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
function signed(percent) {
  const whole = Math.abs(percent).toFixed(0);
  if (whole === "0") return "0 %";
  return `${percent < 0 ? "−" : "+"}${whole} %`;
}

/** What is asked is the first count; the others describe. */
const tests = settings.length * (variants.length - 1);

/** The pairs of one count: how its mean moved, and in how many seeds it fell or rose. */
function against(stock, other) {
  const pair = paired(stock, other, new Random(1), tests);
  const moved = mean(stock) === 0 ? "" : `${signed((100 * (mean(other) - mean(stock))) / mean(stock))}: `;
  return { pair, text: `${moved}less in ${pair.aheadA}, more in ${pair.aheadB}` };
}

/** The answer in words: by the exact sign test over seeds, at 5 % shared by all tests. */
function verdict({ aheadA, aheadB, p, seedsNeeded }) {
  const words = `p = ${p.toPrecision(2)}`;
  if (p * tests < 0.05) return `${aheadA > aheadB ? "fewer" : "more"} (${words})`;
  const needed = seedsNeeded > seeds ? `; about ${seedsNeeded} seeds would show the one seen` : "";
  return `no difference shown by these seeds (${words}${needed})`;
}

const which = `seeds ${first} to ${first + seeds - 1}`;
for (const { name, workload } of settings) {
  const [stock, ...others] = variants.map((variant) => measure(variant.machine, workload));
  const pairs = others.map((rows) => rows.map((row, i) => against(stock[i], row)));
  console.log(`**${name}**, ${which}:\n`);
  console.log(`| mean of a run | ${variants.map((variant) => variant.name).join(" | ")} | published |`);
  console.log("|---|---|---|---|---|");
  counted.forEach((count, i) => {
    const cells = pairs.map((row) => row[i].text);
    console.log(
      `| ${count.name} | ${mean(stock[i]).toFixed(0)} | ${cells.join(" | ")} | ${count.published} |`,
    );
  });
  console.log(`\n${counted[0].name}:\n`);
  pairs.forEach((row, i) => {
    console.log(`- ${variants[i + 1].name}: ${verdict(row[0].pair)}`);
  });
  console.log("");
}
console.log(
  `p: exact sign test over seeds; a difference is named if p times ${tests}, the number of tests, is below 0.05.`,
);
