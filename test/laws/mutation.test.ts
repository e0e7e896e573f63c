/** Defects planted in a copy of the engine are caught: by the laws, by a recording, or by a vector. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");
const REGISTER = join(ROOT, "test/support/register.cjs");
const RECORDING = join(ROOT, "test/fixtures/x86-6.1/w1-files");

interface Mutation {
  what: string;
  file: string;
  /** Text that occurs in the file exactly once, and its replacement. */
  from: string;
  to: string;
}

const MUTATIONS: Mutation[] = [
  {
    what: "a missed merge: the two largest pages stay apart",
    file: "allocation/free-one-page.ts",
    from: "while (order < maxOrder) {",
    to: "while (order < maxOrder - 1) {",
  },
  {
    what: "a wrong merge: with a buddy of another order",
    file: "allocation/free-one-page.ts",
    from: "if (state[buddy] !== order + 1 ||",
    to: "if (state[buddy] === 0 || state[buddy]! > 15 ||",
  },
  {
    what: "a wrong list end: freed pages never go to the tail",
    file: "allocation/free-one-page.ts",
    from: "let tail = toTail || buddyMergeLikely(",
    to: "let tail = toTail && buddyMergeLikely(",
  },
  {
    what: "a wrong list end: a refill puts pages in front",
    file: "allocation/rmqueue.ts",
    from: "list.addTail(pfn);",
    to: "list.addHead(pfn);",
  },
  {
    what: "a wrong list end: moved pages go to the other one",
    file: "state/free-area.ts",
    from: "if (m.sw.moveToTail)",
    to: "if (!m.sw.moveToTail)",
  },
  {
    what: "the wrong half of a split is given back",
    file: "allocation/rmqueue-smallest.ts",
    from: "addToFreeList(m, zone, pfn + (1 << high), high, mt);",
    to: "addToFreeList(m, zone, pfn, high, mt);",
  },
  {
    what: "a lost counter: nr_free after a split",
    file: "allocation/rmqueue-smallest.ts",
    from: "zone.nrFree[high]!--;",
    to: "",
  },
  {
    what: "a lost difference: folding forgets what was kept on the CPU",
    file: "state/vmstat.ts",
    from: "  if (x > t || x < -t) {\n    zone.nrFreePages = (zone.nrFreePages + x) | 0;\n",
    to: "  if (x > t || x < -t) {\n    zone.nrFreePages += delta;\n",
  },
  {
    what: "a lost count: a refill of larger pages counts them as single ones",
    file: "allocation/pcp-alloc.ts",
    from: "batch, list, ac) << order;",
    to: "batch, list, ac);",
  },
  {
    what: "an off-by-one in the watermark",
    file: "allocation/zone-watermark.ts",
    from: "if (free <= min +",
    to: "if (free < min +",
  },
  {
    what: "an off-by-one in the rule of half CMA",
    file: "allocation/rmqueue.ts",
    from: "cma > free >> 1 :",
    to: "cma >= free >> 1 :",
  },
  {
    what: "an off-by-one in the claim of a block (6.1)",
    file: "allocation/fallback-steal.ts",
    from: "let claim = freePages + alike >= m.pageblockPages >> 1",
    to: "let claim = freePages + alike > m.pageblockPages >> 1",
  },
  {
    what: "an off-by-one in the claim of a block (6.12)",
    file: "allocation/fallback-claim.ts",
    from: "if (freePages + alike < m.pageblockPages >> 1",
    to: "if (freePages + alike <= m.pageblockPages >> 1",
  },
  {
    what: "a claimed block keeps its type",
    file: "allocation/fallback-claim.ts",
    from: "    changePageblockRange(m, pfn, found, startMt);\n",
    to: "",
  },
  {
    what: "a page of a CMA block is filed by its own type",
    file: "allocation/pcp-free.ts",
    from: "const listMt = mt >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : mt;",
    to: "const listMt = mt;",
  },
  {
    what: "every order goes through the per-CPU lists",
    file: "state/memory.ts",
    from: "sw.pcpHighOrders ? 0x0f |",
    to: "sw.pcpHighOrders ? 0x7fff |",
  },
  {
    what: "a reserved block is not counted",
    file: "allocation/highatomic.ts",
    from: "    setType(m, pfn, MIGRATE_HIGHATOMIC, mt);\n    zone.nrReservedHighatomic += block;\n",
    to: "    setType(m, pfn, MIGRATE_HIGHATOMIC, mt);\n",
  },
  {
    what: "an allocation does not halve the drain size",
    file: "allocation/pcp-alloc.ts",
    from: "else pcp.freeFactor >>= 1;",
    to: "",
  },
  {
    what: "a fallback gives up although pages are free",
    file: "allocation/fallback-steal.ts",
    from: "for (; found >= minOrder; found--) {",
    to: "for (; found > minOrder; found--) {",
  },
  {
    what: "a drain beside an isolated block goes by the type noted at the free (6.1)",
    file: "allocation/pcp-free.ts",
    from: "const typeOfNow = m.hygiene || zone.nrIsolatePageblock > 0;",
    to: "const typeOfNow = m.hygiene;",
  },
  {
    what: "disabled lists give back a batch (5.14)",
    file: "allocation/pcp-free.ts",
    from: "if (high < batch) return 1;\n  const most = high - batch;\n  const least",
    to: "const most = high - batch;\n  const least",
  },
  {
    what: "eight batches while kswapd reclaims (6.7)",
    file: "allocation/pcp-free.ts",
    from: "return Math.min(batch << 2, pcp.high);",
    to: "return Math.min(batch << 3, pcp.high);",
  },
  {
    what: "a victim of the OOM killer may use a quarter",
    file: "allocation/zone-watermark.ts",
    from: "if (allocFlags & ALLOC_OOM) min -= Math.trunc(min / 2);",
    to: "if (allocFlags & ALLOC_OOM) min -= Math.trunc(min / 4);",
  },
  {
    what: "a boost in a zone too small for it",
    file: "allocation/fallback-steal.ts",
    from: "if (m.pageblockPages * 4 > zone.managed) return false;\n",
    to: "",
  },
  {
    what: "a claim wakes kswapd for a request that may not",
    file: "allocation/fallback-claim.ts",
    from: "if (boostWatermark(m, zone) && ac.allocFlags & ALLOC_KSWAPD) zone",
    to: "if (boostWatermark(m, zone)) zone",
  },
  {
    what: "stealing takes the largest page first (6.12)",
    file: "allocation/fallback-claim.ts",
    from: "for (let found = order; found <= m.maxOrder; found++) {",
    to: "for (let found = m.maxOrder; found >= order; found--) {",
  },
  {
    what: "the boost binds atomic requests",
    file: "allocation/zone-watermark.ts",
    from: "boostOverlooked(m, ac) &&",
    to: "!m.mobilityDisabled && m.mobilityDisabled &&",
  },
];

/** A copy of our sources; its imports resolve to `node_modules` above it. */
function copyOfHouse(): string {
  const cache = join(ROOT, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const copy = mkdtempSync(join(cache, "pageblock-mutant-"));
  for (const part of ["base", "schema", "hardware", "mm", "trace"])
    cpSync(join(ROOT, "lib", part), join(copy, "lib", part), { recursive: true });
  for (const part of ["laws", "mm"])
    cpSync(join(ROOT, "test", part), join(copy, "test", part), { recursive: true });
  return copy;
}

/** Runs all checks in the copy. A check that times out gives no verdict. */
function check(copy: string): Promise<{ status: number | null; verdict: string }> {
  return new Promise((done) => {
    const script = join(copy, "test/laws/all-checks.ts");
    const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
    const child = spawn(process.execPath, ["--require", REGISTER, script, RECORDING], { cwd: ROOT, env });
    let text = "";
    const keep = (data: Buffer) => {
      if (text.length < 1e6) text += data.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => child.kill("SIGKILL"), 240_000);
    child.on("close", (status) => {
      clearTimeout(timer);
      const found = text.split("\n").find((l) => l.startsWith("caught by"));
      const vector = /^not ok \d+ - (.*)$/m.exec(text)?.[1];
      done({ status, verdict: found ?? (vector ? `caught by vectors: ${vector}` : text.slice(-2000)) });
    });
  });
}

test("the engine as it is passes all checks", async () => {
  const copy = copyOfHouse();
  try {
    const { status, verdict } = await check(copy);
    assert.equal(status, 0, verdict);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test("planted defects are caught", { concurrency: 2 }, async (t) => {
  await Promise.all(
    MUTATIONS.map((m) =>
      t.test(m.what, async (mt) => {
        const copy = copyOfHouse();
        try {
          const file = join(copy, "lib/mm", m.file);
          const text = readFileSync(file, "utf8");
          assert.equal(
            text.split(m.from).length,
            2,
            `the place to plant it is not in ${m.file} exactly once`,
          );
          writeFileSync(file, text.replace(m.from, m.to));
          const { status, verdict } = await check(copy);
          assert.equal(status, 1, `not caught: ${m.what}: ${verdict}`);
          assert.match(verdict, /^caught by/);
          mt.diagnostic(`${m.what}: ${verdict}`);
        } finally {
          rmSync(copy, { recursive: true, force: true });
        }
      }),
    ),
  );
});
