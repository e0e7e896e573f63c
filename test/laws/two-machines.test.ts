/**
 * Machines in one process share nothing: a machine's request ends as it would alone, whatever another machine does at
 * any of its trace points. Nor does a nested request on the same machine disturb it.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { SlowPathHelp } from "../../lib/mm/state/slow-path-help";
import type { TracePoints } from "../../lib/mm/state/trace-points";
import { loadEngine } from "./engine";
import { kernelShape, type MachineSpec } from "./machine-spec";
import { Random } from "./random";
import { randomMachine } from "./random-plan";
import { KINDS } from "./run-plan";

const engine = loadEngine();
const STEPS = 3000;

/** A machine with requests and frees drawn from a seed, one per step. */
class Player {
  readonly memory;
  private readonly random: Random;
  private readonly pages: [pfn: number, order: number][] = [];
  private readonly start: number;
  private readonly end: number;
  /** Allocated frames, refusals, and the outcomes of contiguous requests, in order. */
  readonly told: (number | string)[] = [];
  private steps = 0;

  constructor(spec: MachineSpec, seed: number) {
    this.memory = engine.bootMemory(kernelShape(spec));
    this.random = new Random(seed);
    const zone = this.memory.zones.at(-1)!;
    const block = 2 ** Math.max(this.memory.maxOrder, this.memory.pageblockOrder);
    this.start = Math.ceil(zone.startPfn / block) * block;
    this.end = Math.floor(zone.endPfn / block) * block;
  }

  get done(): boolean {
    return this.steps >= STEPS;
  }

  step(): void {
    const { random: r, pages, memory: m } = this;
    this.steps++;
    if (this.steps % 100 === 0) this.contiguous();
    else if (pages.length > 0 && r.chance(45)) {
      const i = r.below(pages.length);
      const [pfn, order] = pages[i]!;
      pages[i] = pages.at(-1)!;
      pages.pop();
      engine.freePages(m, pfn, order);
    } else {
      const order = r.chance(80) ? r.below(3) : r.below(m.maxOrder + 1);
      const pfn = engine.allocPages(m, r.pick(KINDS).gfp, order);
      this.told.push(pfn);
      if (pfn >= 0) pages.push([pfn, order]);
    }
  }

  /** alloc_contig_range() of the blocks at the end, where pages that do not move are usually in the way. */
  private contiguous(): void {
    const { memory: m } = this;
    if (this.end <= this.start) return;
    const steps = engine.allocContigRange(
      {
        m,
        // No page moves: the test knows its pages by their frames.
        world: { ...engine.ownersWorld(m), isolate: () => -1 },
        seen: {
          isolated: () => m.trace?.zoneLocked?.(0, 0, 0),
        },
        kind: "driver",
        stats: { migrated: 0, failedAttempts: 0, dropped: 0 },
        failed: ({ step, errno, pfn }) => this.told.push(`${step} ${errno} ${pfn}`),
      },
      m.zones.at(-1)!,
      this.end - m.pageblockPages,
      this.end,
      1,
    );
    const errno = engine.run(steps);
    this.told.push(errno);
    if (errno === 0) for (let p = this.end - m.pageblockPages; p < this.end; p++) engine.freePages(m, p, 0);
  }

  toEnd(): this {
    while (!this.done) this.step();
    return this;
  }

  outcome() {
    const { state, blocks, zones } = this.memory;
    return {
      told: this.told,
      state,
      blocks,
      free: zones.map((z) => [...z.nrFree, z.nrFreePages, z.nrFreeCma]),
    };
  }
}

/** Calls `act` at every trace point, except at those it causes itself. */
function atEveryTracePoint(act: () => void): TracePoints {
  let inside = false;
  const comeIn = () => {
    if (inside) return;
    inside = true;
    act();
    inside = false;
  };
  return {
    zoneLocked: comeIn,
    pcpuDrain: comeIn,
    extfrag: comeIn,
    blockType: comeIn,
    moveBlock: comeIn,
    halfRule: comeIn,
    drainZone: comeIn,
  };
}

test("requests on another machine in the middle of a machine's own requests change neither", () => {
  let cameIn = 0;
  let barred = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const r = new Random(seed);
    const specs = [randomMachine(r), randomMachine(r)] as const;
    const alone = [new Player(specs[0], seed).toEnd(), new Player(specs[1], seed + 1000).toEnd()];
    const a = new Player(specs[0], seed);
    const b = new Player(specs[1], seed + 1000);
    a.memory.trace = atEveryTracePoint(() => {
      if (b.done) return;
      cameIn++;
      b.step();
    });
    a.toEnd();
    b.toEnd();
    assert.deepEqual(a.outcome(), alone[0]!.outcome(), `seed ${seed}: the first machine`);
    assert.deepEqual(b.outcome(), alone[1]!.outcome(), `seed ${seed}: the second machine`);
    barred += a.told.filter((t) => /^isolate -16 \d/.test(String(t))).length;
  }
  assert.ok(cameIn > 10_000, `the second machine came in ${cameIn} times`);
  assert.ok(barred > 10, `${barred} contiguous requests met a page in the way`);
});

test("a nested request on the same machine does not change the outer one's order and type", () => {
  const spec = randomMachine(new Random(3));
  const m = engine.bootMemory(kernelShape(spec));
  let inner = -1;
  // A consequence of reclaim: the owner of a reclaimed page requests another one.
  const help: SlowPathHelp = {
    compactResult: 0,
    canCompact: false,
    wakeKswapd() {
      if (inner !== -1) return;
      inner = 0;
      inner = engine.allocPages(m, KINDS[0]!.gfp | 0x20000, 0);
    },
    directCompact: () => -1,
    compacted() {},
    directReclaim: () => 0,
    reclaimablePages: () => 0,
  };
  for (const zone of m.zones) zone.wmark.fill(zone.nrFreePages, 1);
  m.help = help;
  const outer = engine.allocPages(m, KINDS[1]!.gfp, 2);
  assert.ok(inner > 0 && outer > 0, `inner ${inner}, outer ${outer}`);
  assert.equal(m.state[inner], 0x80, "one page, not movable");
  assert.equal(m.state[outer], 0x80 | 0x20 | 2, "four pages, movable");
});
