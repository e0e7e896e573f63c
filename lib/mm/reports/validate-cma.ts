/**
 * Laws of CMA areas: pages allocated in the bitmap are in use, and pages the area handed out are set in the bitmap.
 */
import type { CmaArea } from "../contiguous/cma-area";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE } from "../state/migratetype";
import { ownerKind } from "../state/owners";

/** Broken laws in words; empty if all hold. Call it between requests. */
export function validateCma(m: Memory, areas: readonly CmaArea[]): string[] {
  const broken: string[] = [];
  const ranges = areas.flatMap((area) => area.ranges.map((range) => ({ name: area.name, range })));
  ranges.forEach(({ name, range }, i) => {
    const end = range.basePfn + range.count;
    let allocated = 0;
    for (let p = range.basePfn; p < end; p++) {
      const bit = range.bitmap[(p - range.basePfn) >>> range.orderPerBit] === 1;
      // Frames inside a larger page may still carry an earlier owner's kind.
      const taken = m.freePlaceOf(p) === undefined && ownerKind(m, m.headOf(p)) === "cmaBuffer";
      if (bit) allocated++;
      if (bit && m.freePlaceOf(p) !== undefined)
        broken.push(`${name}: frame ${p} is allocated in the bitmap but free`);
      if (taken && !bit) broken.push(`${name}: frame ${p} was handed out but its bit is clear`);
    }
    if (allocated !== range.used)
      broken.push(`${name}: ${allocated} frames have their bit set, the bitmap counts ${range.used}`);
    for (let p = range.basePfn; p < end; p += m.pageblockPages) {
      const is = m.blockType(p);
      if (is === MIGRATE_ISOLATE) broken.push(`${name}: the block at ${p} was left isolated`);
      else if (is !== MIGRATE_CMA) broken.push(`${name}: the block at ${p} has type ${is} instead of CMA`);
    }
    for (const other of ranges.slice(i + 1))
      if (range.basePfn < other.range.basePfn + other.range.count && other.range.basePfn < end)
        broken.push(`${name} and ${other.name} overlap`);
  });
  for (const zone of m.zones)
    if (zone.nrIsolatePageblock !== 0)
      broken.push(`zone ${zone.name}: ${zone.nrIsolatePageblock} blocks left isolated`);
  return broken;
}
