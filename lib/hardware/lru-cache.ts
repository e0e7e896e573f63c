/**
 * A cache of tags with least-recently-used replacement in each set, for models of TLBs, page-walk caches and
 * adapters' translation caches: no data, only hit or miss. A tag is a whole number in [0, 2^31); its set is `tag %
 * sets`. Real parts use pseudo-LRU and sometimes hash the set index; both differences are omitted deliberately
 * (modelling choice).
 */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";

export interface LruCache {
  readonly entries: number;
  readonly ways: number;
  /** True if `tag` was present. Afterwards it is the most recently used tag of its set. */
  touch(tag: number): boolean;
}

/** Associativity above which a hash lookup is faster than a search along the set. */
const LINEAR_WAYS = 24;
const MAX_ENTRIES = 1 << 24;

/** A cache of `entries` in sets of `ways`. Throws InputError unless ways divide the entries, 1 to 2^24. */
export function lruCache(entries: number, ways: number): LruCache {
  if (!Number.isSafeInteger(entries) || entries < 1 || entries > MAX_ENTRIES)
    throw new InputError(`cache: entries must be a whole number from 1 to ${MAX_ENTRIES}: got ${entries}`);
  if (!Number.isSafeInteger(ways) || ways < 1 || entries % ways !== 0)
    throw new InputError(`cache: ways must divide the ${entries} entries: got ${ways}`);
  if (entries === ways && ways > LINEAR_WAYS) return new FullyAssociative(entries);
  return new SetAssociative(entries, ways);
}

/** Each set is kept in order of use, most recent first. */
class SetAssociative implements LruCache {
  readonly entries: number;
  readonly ways: number;
  private readonly sets: number;
  /** sets - 1 if that mask selects the set, otherwise -1. */
  private readonly setMask: number;
  private readonly tags: Int32Array;

  constructor(entries: number, ways: number) {
    this.entries = entries;
    this.ways = ways;
    this.sets = entries / ways;
    this.setMask = (this.sets & (this.sets - 1)) === 0 ? this.sets - 1 : -1;
    this.tags = new Int32Array(entries).fill(-1);
  }

  touch(tag: number): boolean {
    const { tags, ways } = this;
    const set = this.setMask >= 0 ? tag & this.setMask : tag % this.sets;
    // A single pass searches and moves: each tag takes the place of the one used after it, up to the one found or
    // dropped.
    let moving = tag;
    for (let at = set * ways, end = at + ways; at < end; at++) {
      const here = tags[at]!;
      tags[at] = moving;
      if (here === tag) return true;
      moving = here;
    }
    return false;
  }
}

/** One set with hash lookup and a doubly linked list in order of use. */
class FullyAssociative implements LruCache {
  readonly entries: number;
  readonly ways: number;
  private used: number;
  private newest: number;
  private oldest: number;
  private readonly tags: Int32Array;
  private readonly newer: Int32Array;
  private readonly older: Int32Array;
  private readonly buckets: Int32Array;
  private readonly chain: Int32Array;
  private readonly shift: number;

  constructor(entries: number) {
    this.entries = entries;
    this.ways = entries;
    this.used = 0;
    this.newest = -1;
    this.oldest = -1;
    this.tags = new Int32Array(entries);
    this.newer = new Int32Array(entries).fill(-1);
    this.older = new Int32Array(entries).fill(-1);
    const bits = Math.min(26, Math.ceil(log2(entries)) + 2);
    this.buckets = new Int32Array(2 ** bits).fill(-1);
    this.chain = new Int32Array(entries);
    this.shift = 32 - bits;
  }

  touch(tag: number): boolean {
    const bucket = Math.imul(tag, 0x9e3779b1) >>> this.shift;
    let at = this.buckets[bucket]!;
    while (at >= 0 && this.tags[at] !== tag) at = this.chain[at]!;
    const hit = at >= 0;
    if (hit) {
      if (at === this.newest) return true;
      this.unlink(at);
    } else {
      at = this.used < this.entries ? this.used++ : this.evict();
      this.tags[at] = tag;
      this.chain[at] = this.buckets[bucket]!;
      this.buckets[bucket] = at;
    }
    this.older[at] = this.newest;
    this.newer[at] = -1;
    if (this.newest >= 0) this.newer[this.newest] = at;
    else this.oldest = at;
    this.newest = at;
    return hit;
  }

  /** Removes the least recently used entry from the list and from its bucket. */
  private evict(): number {
    const at = this.oldest;
    this.unlink(at);
    const bucket = Math.imul(this.tags[at]!, 0x9e3779b1) >>> this.shift;
    if (this.buckets[bucket] === at) this.buckets[bucket] = this.chain[at]!;
    else {
      let before = this.buckets[bucket]!;
      while (this.chain[before] !== at) before = this.chain[before]!;
      this.chain[before] = this.chain[at]!;
    }
    return at;
  }

  private unlink(at: number): void {
    const newer = this.newer[at]!;
    const older = this.older[at]!;
    if (newer >= 0) this.older[newer] = older;
    else this.newest = older;
    if (older >= 0) this.newer[older] = newer;
    else this.oldest = newer;
  }
}
