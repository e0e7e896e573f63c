/** Whether a report is harmless: what follows the refusal, by the flags and by who asked. */
import type { AskedBy } from "./asked-by";
import type { Reading } from "./reading";
import type { Asked } from "./request";

export interface Harm {
  harmless: boolean | null;
  sentence: string | null;
}

/** What follows a refused request. */
export function harmOf(reading: Reading, asked: Asked, by: AskedBy): Harm {
  if (reading.kind === "oom") return oomHarm(reading);
  const { has } = asked.gfp;
  const lost = fallbackLost(reading, asked, by);
  if (lost !== null) return lost;
  if (by.known?.fallback !== undefined)
    return { harmless: true, sentence: `The report is harmless: ${by.known.fallback}.` };
  if (by.vmalloc && asked.judged > 0)
    return {
      harmless: true,
      sentence:
        "The report is harmless: vmalloc() first tries blocks of the size of a huge page and takes single pages after such a refusal.",
    };
  // Architectures add __GFP_NORETRY to what a device asks for, so there it says nothing.
  // A single page has no smaller pieces, so there it says nothing of another way either.
  if (has.has("NORETRY") && asked.judged > 0 && !by.vmalloc && !by.forDevice)
    return by.kvmalloc
      ? {
          harmless: true,
          sentence: "The report is harmless: kvmalloc() takes single pages after such a refusal.",
        }
      : {
          harmless: null,
          sentence:
            "The request says that it need not be tried again (__GFP_NORETRY): most such callers have another way, but what this one does then, the text does not show.",
        };
  if (by.vmalloc || by.kvmalloc)
    return {
      harmless: false,
      sentence:
        "vmalloc() is itself the way out if no contiguous pages are free; when it fails, its caller gets nothing.",
    };
  if (asked.gfpKnown && !asked.mayWait && asked.judged === 0 && !has.has("HIGH"))
    return {
      harmless: null,
      sentence:
        "A request that may not wait and has no right to the reserve (GFP_NOWAIT) is expected to fail at times; most callers try again later.",
    };
  return { harmless: null, sentence: null };
}

/** The caller has a way out for other requests, but not for this one. */
function fallbackLost({ stack }: Reading, { judged }: Asked, { known }: AskedBy): Harm | null {
  if (known?.fallback === undefined) return null;
  if (known.smallerOnly === true && judged === 0)
    return {
      harmless: null,
      sentence: "A single page cannot be had in smaller pieces: whoever asked waits, or gets an error.",
    };
  const below = (entry: string) => known.lostBelow?.some((name) => entry.startsWith(name)) ?? false;
  if (!stack.some((entry) => !entry.uncertain && below(entry.function))) return null;
  return {
    harmless: false,
    sentence: "A program asked for the huge page beyond the pool: its mmap() or page fault fails.",
  };
}

function oomHarm({ oom, order, stack }: Reading): Harm {
  const byHand = order === -1 || stack.some((entry) => entry.function.startsWith("moom_callback"));
  if (byHand)
    return {
      harmless: true,
      sentence: "Somebody asked for it by hand (SysRq-F, order −1): memory need not have been short.",
    };
  const killed = oom?.killed ?? null;
  return {
    harmless: false,
    sentence:
      killed === null ? null : `The kernel killed ${killed.task} (process ${killed.pid}) to get memory back.`,
  };
}
