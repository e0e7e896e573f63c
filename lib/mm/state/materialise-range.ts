/** Materialises untouched top-order blocks before a scanner or an isolation looks at single frames. */
import type { Memory } from "./memory";

/** Gives every untouched block that overlaps [start, end) its own node, in its run's place in the list. */
export function materialiseRange(m: Memory, start: number, end: number): void {
  const pages = 1 << m.maxOrder;
  const { virginLo, virginHi } = m;
  for (let i = 0; i < virginLo.length; i++) {
    const lo = virginLo[i]!;
    const hi = virginHi[i]!;
    const from = Math.max(lo, start - (start % pages));
    const to = Math.min(hi, Math.ceil(end / pages) * pages);
    if (lo < hi && from < to) splitRun(m, i, from, to);
  }
}

/** Replaces the run's node with the rest before the blocks [from, to), those blocks, and the rest after them. */
function splitRun(m: Memory, i: number, from: number, to: number): void {
  const { next, prev, state, virginLo, virginHi, virginDown } = m;
  const pages = 1 << m.maxOrder;
  const node = m.virginBase + i;
  const lo = virginLo[i]!;
  const hi = virginHi[i]!;
  const down = virginDown[i] === 1;
  let last = prev[node]!;
  const after = next[node]!;
  const link = (entry: number) => {
    next[last] = entry;
    prev[entry] = last;
    last = entry;
  };
  const block = (pfn: number) => {
    state[pfn] = m.maxOrder + 1;
    link(pfn);
  };
  let reused = false;
  const rest = (a: number, b: number) => {
    if (a >= b) return;
    let own = node;
    if (reused) own = m.newVirginNode(a, b, down);
    if (own >= 0) {
      reused = true;
      virginLo[own - m.virginBase] = a;
      virginHi[own - m.virginBase] = b;
      link(own);
    } else if (down) for (let p = b - pages; p >= a; p -= pages) block(p);
    else for (let p = a; p < b; p += pages) block(p);
  };
  virginHi[i] = lo;
  if (down) {
    rest(to, hi);
    for (let p = to - pages; p >= from; p -= pages) block(p);
    rest(lo, from);
  } else {
    rest(lo, from);
    for (let p = from; p < to; p += pages) block(p);
    rest(to, hi);
  }
  next[last] = after;
  prev[after] = last;
}
