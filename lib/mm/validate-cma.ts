/** Laws of CMA areas: what the bitmap says is allocated is in use, and what the area handed out stands in the bitmap. */
import type { CmaArea } from "./cma-area";
import type { Memory } from "./memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE } from "./migratetype";
import { ownerKind } from "./owners";

/** Broken laws in words; empty when all hold. To be called between requests. */
export function validateCma(m: Memory, areas: readonly CmaArea[]): string[] {
  const broken: string[] = [];
  areas.forEach((area, i) => {
    let allocated = 0;
    for (let p = area.basePfn; p < area.basePfn + area.count; p++) {
      const bit = area.bitmap[(p - area.basePfn) >>> area.orderPerBit] === 1;
      // Frames inside a larger page may still carry the name of an earlier owner.
      const taken = m.freePlaceOf(p) === undefined && ownerKind(m, m.headOf(p)) === "cmaBuffer";
      if (bit) allocated++;
      if (bit && m.freePlaceOf(p) !== undefined)
        broken.push(`${area.name}: frame ${p} is allocated in the bitmap but free`);
      if (taken && !bit) broken.push(`${area.name}: frame ${p} was handed out but its bit is clear`);
    }
    if (allocated !== area.used)
      broken.push(`${area.name}: ${allocated} frames have their bit set, the bitmap counts ${area.used}`);
    for (let p = area.basePfn; p < area.basePfn + area.count; p += m.pageblockPages) {
      const type = m.blockType(p);
      if (type === MIGRATE_ISOLATE) broken.push(`${area.name}: the block at ${p} was left isolated`);
      else if (type !== MIGRATE_CMA)
        broken.push(`${area.name}: the block at ${p} has type ${type} instead of CMA`);
    }
    for (const other of areas.slice(i + 1))
      if (area.basePfn < other.basePfn + other.count && other.basePfn < area.basePfn + area.count)
        broken.push(`${area.name} and ${other.name} overlap`);
  });
  for (const zone of m.zones)
    if (zone.nrIsolatePageblock !== 0)
      broken.push(`zone ${zone.name}: ${zone.nrIsolatePageblock} blocks left isolated`);
  return broken;
}
