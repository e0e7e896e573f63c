/**
 * The LRU lists against plain arrays that follow the same rules (mm/vmscan.c): thousands of drawn steps on two nodes and three zones, with
 * pages of one frame and of four, held pages, swap that runs out, and caches that shrink.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { DIRTY, Lru, REFERENCED } from "../../lib/mm/reclaim/lru";
import { LruMoves } from "../../lib/mm/reclaim/lru-moves";
import { LruRun } from "../../lib/mm/reclaim/lru-run";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { ALLOCATED, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";
import type { Zone } from "../../lib/mm/state/zone";
import { Random } from "../laws/random";
import { twoNodes } from "./two-nodes";

const [ANON, FILE, UNEVICTABLE] = [1, 3, 5];
/** Frames from here on are heads of pages of four frames. */
const LARGE_FROM = 768;

/** Zones of 1,024 frames, two on node 0 and one on node 1. All is in use, as single pages but for the last quarter of each zone. */
function machine(): Memory {
  const m = twoNodes(0);
  for (let i = 0; i < 3; i++) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, 10) >= 0);
  for (let pfn = 1024; pfn < 4096; pfn++) m.state[pfn] = ALLOCATED | IN_USE_MOVABLE | (isLarge(pfn) ? 2 : 0);
  for (let pfn = 1024; pfn < 4096; pfn++) if (isLarge(pfn) && pfn % 4 !== 0) m.state[pfn] = 0;
  return m;
}

const isLarge = (pfn: number) => pfn % 1024 >= LARGE_FROM;

interface Page {
  pfn: number;
  frames: number;
  list: number;
  dirty: boolean;
  referenced: boolean;
}

/** The rules on arrays, the page added last first. */
class Plain {
  readonly lists: Page[][] = Array.from({ length: 16 }, () => []);
  readonly pages = new Map<number, Page>();
  readonly held = new Set<number>();
  readonly log: string[] = [];
  swap = 0;
  constructor(private readonly m: Memory) {}

  zoneOf = (pfn: number) => this.m.zoneOf(pfn)!;
  at = (pfn: number, list: number) => this.lists[this.zoneOf(pfn).nid * 8 + list]!;
  frames = (nid: number, list: number) => this.lists[nid * 8 + list]!.reduce((n, p) => n + p.frames, 0);

  add(pfn: number, frames: number, list: number, dirty: boolean, referenced = false): void {
    const page = { pfn, frames, list, dirty, referenced };
    this.pages.set(pfn, page);
    this.at(pfn, list).unshift(page);
  }
  remove(pfn: number): Page | undefined {
    const page = this.pages.get(pfn);
    if (page === undefined) return;
    const list = this.at(pfn, page.list);
    list.splice(list.indexOf(page), 1);
    this.pages.delete(pfn);
    return page;
  }
  move(from: number, to: number): void {
    const was = this.remove(from);
    if (was !== undefined) this.add(to, was.frames, was.list, was.dirty, was.referenced);
  }
  split(pfn: number): void {
    const was = this.remove(pfn);
    if (was !== undefined)
      for (let p = pfn + was.frames - 1; p >= pfn; p--) this.add(p, 1, was.list, was.dirty, was.referenced);
  }
  markAccessed(pfn: number): void {
    const page = this.pages.get(pfn);
    if (page === undefined) return;
    if (!page.referenced || (page.list !== ANON && page.list !== FILE)) {
      page.referenced = true;
      return;
    }
    this.remove(pfn);
    this.add(pfn, page.frames, page.list + 1, page.dirty);
  }
  /** Active pages become inactive, the oldest first, until there are as many: at most a 2^priority-th of them, and one at least. */
  private age(nid: number, list: number, priority: number): void {
    let n = Math.max(Math.floor(this.frames(nid, list + 1) / 2 ** priority), 1);
    while (n > 0 && this.frames(nid, list) < this.frames(nid, list + 1)) {
      const page = this.lists[nid * 8 + list + 1]!.at(-1)!;
      n -= page.frames;
      this.remove(page.pfn);
      this.add(page.pfn, page.frames, list, page.dirty);
    }
  }
  shrink(zones: readonly Zone[], priority: number, goal: number, cleanOnly: boolean): object {
    const total = { scanned: 0, reclaimed: 0 };
    const kinds = this.swap > 0 && !cleanOnly ? [FILE, ANON] : [FILE];
    for (const nid of new Set(zones.map((z) => z.nid)))
      for (const list of kinds) {
        if (total.reclaimed >= goal) continue;
        this.age(nid, list, priority);
        let left = Math.floor(this.frames(nid, list) / 2 ** priority);
        for (const page of [...this.lists[nid * 8 + list]!].reverse()) {
          if (left <= 0 || total.reclaimed >= goal) break;
          left -= page.frames;
          if (!zones.includes(this.zoneOf(page.pfn))) continue;
          total.scanned += page.frames;
          if (this.reclaim(page, cleanOnly)) total.reclaimed += page.frames;
        }
      }
    return total;
  }
  private reclaim(page: Page, cleanOnly: boolean): boolean {
    const { pfn, frames, list, dirty } = page;
    if (this.held.has(pfn) || (cleanOnly && dirty)) return false;
    if (page.referenced) {
      this.remove(pfn);
      this.add(pfn, frames, list, dirty);
      return false;
    }
    if (list === ANON) {
      if (this.swap < frames) return false;
      this.swap -= frames;
    }
    this.remove(pfn);
    this.log.push(`${pfn} ${list === ANON ? "swapped" : dirty ? "written" : "dropped"}`);
    return true;
  }
  /** Clean file pages of every node, inactive ones first, the oldest first. */
  drop(most: number): number {
    let freed = 0;
    for (const nid of [0, 1])
      for (const list of [FILE, FILE + 1])
        for (const page of [...this.lists[nid * 8 + list]!].reverse()) {
          if (freed >= most) break;
          if (page.dirty || this.held.has(page.pfn)) continue;
          this.remove(page.pfn);
          this.log.push(`${page.pfn} dropped`);
          freed += page.frames;
        }
    return freed;
  }
  reclaimable(zone: Zone): number {
    let n = 0;
    for (const page of this.pages.values())
      if (this.zoneOf(page.pfn) === zone && page.list !== UNEVICTABLE && (page.list >= FILE || this.swap > 0))
        n += page.frames;
    return n;
  }
}

function compare(m: Memory, lru: Lru, plain: Plain, log: string[], at: string): void {
  const counts = new Array<number>(6).fill(0);
  for (const nid of [0, 1])
    for (let list = 1; list <= UNEVICTABLE; list++) {
      const expected = plain.lists[nid * 8 + list]!;
      const down: number[] = [];
      for (let p = lru.first[nid * 8 + list]!; p >= 0; p = m.next[p]!) down.push(p);
      const up: number[] = [];
      for (let p = lru.last[nid * 8 + list]!; p >= 0; p = m.prev[p]!) up.push(p);
      const pfns = expected.map(({ pfn }) => pfn);
      assert.deepEqual(down, pfns, `${at}: list ${list} of node ${nid}`);
      assert.deepEqual(up.reverse(), pfns, `${at}: list ${list} of node ${nid}, from its end`);
      counts[list]! += plain.frames(nid, list);
      for (const { pfn, dirty, referenced } of expected) {
        assert.equal(
          lru.page[pfn],
          list | (dirty ? DIRTY : 0) | (referenced ? REFERENCED : 0),
          `${at}: ${pfn}`,
        );
        assert.equal(lru.listOf(pfn), list);
        assert.equal(lru.isDirty(pfn), dirty);
      }
    }
  assert.deepEqual([...lru.count], counts, at);
  for (const zone of m.zones) assert.equal(lru.reclaimable(zone), plain.reclaimable(zone), at);
  assert.equal(lru.swapFree, plain.swap, at);
  assert.deepEqual(log, plain.log, at);
}

class Both {
  readonly m = machine();
  readonly lru = new Lru(this.m);
  readonly plain = new Plain(this.m);
  readonly log: string[] = [];
  readonly r: Random;
  /** In use and on no list. */
  readonly unlisted = new Set<number>();
  /** Heads of large pages that were split. */
  readonly cut = new Set<number>();
  constructor(seed: number) {
    const { m, lru, plain, log } = this;
    this.r = new Random(seed);
    m.lru = lru;
    m.mayIsolate = (pfn) => !plain.held.has(pfn);
    lru.onReclaim = (pfn, as) => void log.push(`${pfn} ${as}`);
    for (let pfn = 1024; pfn < 4096; pfn++) if (!isLarge(pfn) || pfn % 4 === 0) this.unlisted.add(pfn);
  }
  readonly framesOf = (pfn: number) => (isLarge(pfn) && !this.cut.has(pfn - (pfn % 4)) ? 4 : 1);
  draw(from: Iterable<number>, fits: (pfn: number) => boolean = () => true): number | undefined {
    const all = [...from].filter(fits);
    return all.length === 0 ? undefined : this.r.pick(all);
  }
  step(): string {
    const { m, lru, plain, r } = this;
    const kind = r.pick([
      "add",
      "add",
      "add",
      "addMany",
      "remove",
      "move",
      "split",
      "access",
      "dirty",
      "hold",
      "shrink",
      "drop",
      "many",
      "run",
    ]);
    const listed = [...plain.pages.keys()];
    const single = (pfn: number) => this.framesOf(pfn) === 1;
    if (kind === "add" || kind === "addMany")
      for (let i = kind === "add" ? 1 : 40; i > 0; i--) {
        const pfn = this.draw(this.unlisted);
        if (pfn === undefined) return kind;
        this.unlisted.delete(pfn);
        const [list, dirty] = [1 + r.below(5), r.chance(30)];
        lru.add(pfn, list, dirty);
        plain.add(pfn, this.framesOf(pfn), list, dirty);
      }
    if (listed.length === 0) return kind;
    const pfn = r.pick(listed);
    if (kind === "remove") {
      lru.remove(pfn);
      if (single(pfn)) this.unlisted.add(pfn);
      plain.remove(pfn);
    } else if (kind === "move") {
      const to = this.draw(this.unlisted, (p) => single(p) === single(pfn));
      if (to === undefined) return kind;
      lru.move(pfn, to);
      plain.move(pfn, to);
      this.unlisted.delete(to);
      if (single(pfn)) this.unlisted.add(pfn);
    } else if (kind === "split") {
      const large = this.draw(listed, (p) => !single(p));
      if (large === undefined) return kind;
      lru.split(large, 2);
      plain.split(large);
      this.cut.add(large);
    } else if (kind === "access") {
      for (let i = r.below(3); i >= 0; i--) {
        lru.markAccessed(pfn);
        plain.markAccessed(pfn);
      }
    } else if (kind === "dirty") {
      const dirty = r.chance(50);
      lru.setDirty(pfn, dirty);
      plain.pages.get(pfn)!.dirty = dirty;
    } else if (kind === "hold") {
      if (!plain.held.delete(pfn)) plain.held.add(pfn);
      lru.swapFree = plain.swap = r.pick([0, 0, 3, 20, 500]);
    } else if (kind === "shrink") {
      const zones = m.zones.filter(() => r.chance(60));
      const [priority, goal, clean] = [r.below(4), r.pick([1, 7, 32, 900]), r.chance(30)];
      const asked: number[] = [];
      const caches = r.below(3);
      lru.shrinkers.length = 0;
      for (let i = 0; i < caches; i++) lru.shrinkers.push({ shrink: (p) => asked.push(p) });
      const expected = plain.shrink(zones, priority, goal, clean) as { reclaimed: number };
      // The i-th cache says that it freed i pages.
      for (let i = 1; i <= caches; i++) expected.reclaimed += i;
      assert.deepEqual(lru.shrink(zones, priority, goal, clean), expected);
      assert.deepEqual(asked, new Array(caches).fill(priority));
    } else if (kind === "drop") {
      const most = r.pick([0, 1, 5, 1000]);
      assert.equal(lru.shrinkFile(most), plain.drop(most));
    } else if (kind === "many") {
      const from = listed.filter((p) => single(p) && r.chance(30));
      const to = [...this.unlisted].filter(single).slice(0, from.length);
      from.length = to.length;
      new LruMoves(m, lru).moved(Int32Array.from(from), Int32Array.from(to), from.length);
      from.forEach((p, i) => void plain.move(p, to[i]!));
      for (const p of to) this.unlisted.delete(p);
      for (const p of from) this.unlisted.add(p);
    } else if (kind === "run") {
      // Neighbours on a list from a place on, now in one direction and now in the other, then somewhere else.
      const run = new LruRun(m, lru);
      for (let i = r.below(3); i >= 0; i--) {
        const filled = plain.lists.filter((l) => l.length > 0);
        const whole = r.chance(50) ? filled[0] : filled.at(-1);
        if (whole === undefined) break;
        let low = r.below(whole.length);
        let high = low;
        const gone = [whole[low]!];
        for (let n = r.below(6); n > 0; n--) {
          if (r.chance(50) && low > 0) gone.push(whole[--low]!);
          else if (high + 1 < whole.length) gone.push(whole[++high]!);
        }
        for (const page of gone) {
          if (page.frames > 1) break;
          run.take(page.pfn, m.zoneOf(page.pfn)!);
          plain.remove(page.pfn);
          this.unlisted.add(page.pfn);
        }
      }
      run.end();
    }
    return kind;
  }
}

for (let seed = 1; seed <= 8; seed++)
  test(`steps drawn with seed ${seed}: the lists are those of the rules`, () => {
    const both = new Both(seed);
    for (let i = 0; i < 250; i++) {
      const kind = both.step();
      compare(both.m, both.lru, both.plain, both.log, `step ${i}, ${kind}`);
    }
    assert.ok(both.log.length > 20, "pages were reclaimed");
  });
