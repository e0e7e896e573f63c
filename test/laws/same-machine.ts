/** Whether two machines are the same: every field, column, counter and place on a list; whatever was left behind in links of no list. */
import type { System } from "../../lib/machine/system";
import type { Memory } from "../../lib/mm/state/memory";
import { PcpList } from "../../lib/mm/state/pcp-list";

/** Not compared: how operations are done, what the last request left for itself, and columns (and rings) that are compared list by list. */
const PASSED_BY = new Set([
  "memory.bulk",
  "options.bulk",
  "next",
  "prev",
  "memory.ac",
  "system.bulk",
  "world.many",
  "stacks",
  "trace",
]);

/** What differs, by its path; at most `most`. */
export function differences(a: System, b: System, most = 8): string[] {
  const found: string[] = [];
  const seen = new Set<object>();
  const walk = (x: unknown, y: unknown, path: string) => {
    if (found.length >= most || Object.is(x, y)) return;
    const last = path.split(".").slice(-2).join(".");
    if (PASSED_BY.has(last) || PASSED_BY.has(path.split(".").at(-1)!)) return;
    if ((typeof x === "function" && typeof y === "function") || x instanceof PcpList) return;
    if (typeof x !== "object" || x === null || typeof y !== "object" || y === null) {
      found.push(`${path}: ${String(x)} ≠ ${String(y)}`);
      return;
    }
    if (seen.has(x)) return;
    seen.add(x);
    if (ArrayBuffer.isView(x)) {
      const at = firstDifference(x as Uint8Array, y as Uint8Array);
      if (at !== null) found.push(`${path}${at}`);
    } else if (x instanceof Map || x instanceof Set)
      walk([...x], [...(y as Set<unknown>)], `${path}.entries`);
    else {
      const [p, q] = [x as Record<string, unknown>, y as Record<string, unknown>];
      for (const key of new Set([...Object.keys(p), ...Object.keys(q)]))
        walk(p[key], q[key], `${path}.${key}`);
    }
  };
  walk(a, b, "system");
  const [p, q] = [lists(a), lists(b)];
  for (const [name, frames] of p) {
    const others = q.get(name)!;
    const at = frames.findIndex((f, i) => f !== others[i]);
    if (frames.length !== others.length || at >= 0)
      found.push(
        `${name}: ${frames.length} and ${others.length} pages, the first that differs is number ${at}`,
      );
  }
  return found.slice(0, most);
}

function firstDifference(x: Uint8Array, y: Uint8Array): string | null {
  if (x.length !== y.length) return `: length ${x.length} ≠ ${y.length}`;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return `[${i}]: ${x[i]} ≠ ${y[i]}`;
  return null;
}

/** Every list with its frames, forwards; that it is the same backwards is checked on the way. */
function lists(s: System): Map<string, number[]> {
  const m: Memory = s.memory;
  const all = new Map<string, number[]>();
  const follow = (name: string, from: number, end: number) => {
    const frames: number[] = [];
    let before = end;
    for (let p = from; p !== end; p = m.next[p]!) {
      if (m.prev[p] !== before) throw new Error(`${name}: before ${p} lies ${before}, it says ${m.prev[p]}`);
      frames.push(p);
      before = p;
    }
    all.set(name, frames);
  };
  m.zones.forEach((zone, z) => {
    for (let order = 0; order <= m.maxOrder; order++)
      for (let mt = 0; mt < 6; mt++) {
        const head = zone.listBase + order * 8 + mt;
        follow(`zone ${z}, order ${order}, type ${mt}`, m.next[head]!, head);
      }
    zone.pcps.forEach((pcp, cpu) => {
      pcp.lists.forEach((list, i) => {
        all.set(`zone ${z}, CPU ${cpu}, list ${i}`, list.toArray());
      });
    });
  });
  s.lru.first.forEach((first, i) => {
    follow(`LRU ${i}`, first, -1);
  });
  return all;
}
