/** The size of a page of a machine: as the kernel tells its programs, or from its texts. */
import { log2 } from "../base/elementary";
import { readOutsideRaw } from "../base/outside-file";
import type { MachineSnapshot } from "./machine-snapshot";

/**
 * kB of meminfo for each page of vmstat or, without vmstat, of what the zones manage. The nearest size that processors have: a kernel that
 * initialises memory as it is needed manages less than MemTotal.
 */
export function pageSizeIn({
  meminfo = "",
  vmstat = "",
  zoneinfo = "",
}: MachineSnapshot["texts"]): number | undefined {
  const kib = (line: string) =>
    Number(new RegExp(`^${line}:\\s{1,20}(\\d{1,15}) kB`, "m").exec(meminfo)?.[1]);
  let managed = 0;
  for (const m of zoneinfo.matchAll(/^ {8}managed {1,8}(\d{1,15})$/gm)) managed += Number(m[1]);
  const anon = Number(/^nr_anon_pages (\d{1,15})$/m.exec(vmstat)?.[1]);
  const ratio = anon > 0 ? kib("AnonPages") / anon : kib("MemTotal") / managed;
  if (!(ratio > 0 && ratio < 1024)) return undefined;
  const quarters = Math.round(log2(ratio / 4) / 2);
  return 4096 * 4 ** Math.min(2, Math.max(0, quarters));
}

const AT_PAGESZ = 6n;
const AUXV_BYTES_MOST = 65_536;

/** The page size that the kernel tells every program. */
export function pageSizeFromAuxv(path: string): number | undefined {
  let auxv: Buffer;
  try {
    auxv = readOutsideRaw(path, AUXV_BYTES_MOST);
  } catch {
    return undefined;
  }
  for (let at = 0; at + 16 <= auxv.length; at += 16)
    if (auxv.readBigUInt64LE(at) === AT_PAGESZ) {
      const bytes = Number(auxv.readBigUInt64LE(at + 8));
      return bytes >= 4096 && bytes <= 65_536 ? bytes : undefined;
    }
  return undefined;
}
