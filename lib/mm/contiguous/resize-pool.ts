/** Writes to nr_hugepages with the answer of the project: how many pages there are then, and why no more. */
import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../../base/answer";
import type { Memory } from "../state/memory";
import { type HugePageShortage, hugePageShortage, type PoolRequest } from "./huge-page-shortage";
import { explainHugePageShortage } from "./huge-page-shortage-text";
import type { HugetlbPool } from "./hugetlb";

/** The answer to a write to nr_hugepages: the pages there are now, and why not as many as were wanted. */
export type PoolAnswer = (Granted | (Refused & { readonly details: HugePageShortage })) & { count: number };

/** Writes nr_hugepages, of all nodes or of one. */
export function resizePool(m: Memory, pool: HugetlbPool, request: PoolRequest): PoolAnswer {
  const { wanted, node } = request;
  const count = pool.setMaxHugePages(wanted, node);
  if (count >= wanted) return { ...GRANTED, count };
  const details = hugePageShortage(m, pool, request, count);
  const reason = explainHugePageShortage(details);
  return { ...refusedWith(ERRNO.ENOMEM, reason), details, count };
}
