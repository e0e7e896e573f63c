import type { Memory } from "./memory";

/** The frames of a list, head first. */
export function listFrames(m: Memory, head: number): number[] {
  const frames: number[] = [];
  for (let p = m.next[head]!; p !== head; p = m.next[p]!) {
    if (p >= m.virginBase) {
      const i = p - m.virginBase;
      const run: number[] = [];
      for (let b = m.virginLo[i]!; b < m.virginHi[i]!; b += 1 << m.maxOrder) run.push(b);
      if (m.virginDown[i] === 1) run.reverse();
      for (const pfn of run) frames.push(pfn);
    } else frames.push(p);
  }
  return frames;
}
