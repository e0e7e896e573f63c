/** The class of every page frame, from the flags in /proc/kpageflags: eight bytes for each frame. */
import { readOutsideChunks } from "../base/outside-file";
import { FRAME_CLASS, FRAMES_MOST, FrameRuns } from "../machine/frame-map";

/** Flags of include/uapi/linux/kernel-page-flags.h; KPF_RESERVED of include/linux/kernel-page-flags.h is in the upper word. */
const KPF = {
  lru: 1 << 5,
  slab: 1 << 7,
  buddy: 1 << 10,
  anon: 1 << 12,
  huge: 1 << 17,
  unevictable: 1 << 18,
  noPage: 1 << 20,
  thp: 1 << 22,
  table: 1 << 26,
  reservedHigh: 1 << 0,
} as const;

/** The class of one frame by the lower and the upper word of its flags. */
export function frameClass(low: number, high: number): number {
  const c = FRAME_CLASS;
  const anon = (low & KPF.anon) !== 0;
  if (low & KPF.thp) return anon ? c.anonHuge : c.fileLarge;
  if (low & KPF.unevictable) return c.unevictable;
  if (low & KPF.noPage) return c.hole;
  if (low & KPF.buddy) return c.free;
  if (low & KPF.huge) return c.hugetlb;
  if (high & KPF.reservedHigh) return c.reserved;
  if (low & KPF.table) return c.pageTable;
  if (low & KPF.lru) return anon ? c.anon : c.file;
  return low & KPF.slab ? c.slab : c.unknown;
}

/** The classes of this machine's frames, coded. For root. Throws InputError if the file cannot be read. */
export function readKpageflags(path: string): string {
  const runs = new FrameRuns();
  let frames = 0;
  readOutsideChunks(path, (chunk) => {
    if (frames >= FRAMES_MOST) return;
    for (let i = 0; i + 8 <= chunk.length; i += 8)
      runs.add(frameClass(chunk.readInt32LE(i), chunk.readInt32LE(i + 4)));
    frames += chunk.length >>> 3;
  });
  return runs.toText();
}
