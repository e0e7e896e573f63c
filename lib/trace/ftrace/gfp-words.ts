/** Flags of a request as trace points print them, in the model's numbers. Names changed over releases; numbers in hexadecimal are passed over. */
import * as gfp from "../../mm/state/gfp";

/** Since 4.5 with two underscores in front, before with none: what looks alike is told apart by them. */
const BITS: Readonly<Record<string, number>> = {
  DMA: gfp.__GFP_DMA,
  HIGHMEM: gfp.__GFP_HIGHMEM,
  DMA32: gfp.__GFP_DMA32,
  HIGH: gfp.__GFP_HIGH,
  IO: gfp.__GFP_IO,
  FS: gfp.__GFP_FS,
  ZERO: gfp.__GFP_ZERO,
  DIRECT_RECLAIM: gfp.__GFP_DIRECT_RECLAIM,
  KSWAPD_RECLAIM: gfp.__GFP_KSWAPD_RECLAIM,
  RECLAIM: gfp.__GFP_RECLAIM,
  WAIT: gfp.__GFP_RECLAIM,
  NOWARN: gfp.__GFP_NOWARN,
  REPEAT: gfp.__GFP_RETRY_MAYFAIL,
  RETRY_MAYFAIL: gfp.__GFP_RETRY_MAYFAIL,
  NOFAIL: gfp.__GFP_NOFAIL,
  NORETRY: gfp.__GFP_NORETRY,
  MEMALLOC: gfp.__GFP_MEMALLOC,
  COMP: gfp.__GFP_COMP,
  NOMEMALLOC: gfp.__GFP_NOMEMALLOC,
  HARDWALL: gfp.__GFP_HARDWALL,
  THISNODE: gfp.__GFP_THISNODE,
  ACCOUNT: gfp.__GFP_ACCOUNT,
};

const TRANSHUGE_LIGHT = (gfp.GFP_HIGHUSER_MOVABLE | gfp.__GFP_COMP | gfp.__GFP_NOWARN) & ~gfp.__GFP_RECLAIM;
const SETS: Readonly<Record<string, number>> = {
  GFP_KERNEL: gfp.GFP_KERNEL,
  GFP_KERNEL_ACCOUNT: gfp.GFP_KERNEL | gfp.__GFP_ACCOUNT,
  GFP_TEMPORARY: gfp.GFP_KERNEL,
  GFP_ATOMIC: gfp.GFP_ATOMIC,
  GFP_NOWAIT: gfp.GFP_NOWAIT,
  GFP_NOIO: gfp.__GFP_RECLAIM,
  GFP_NOFS: gfp.__GFP_RECLAIM | gfp.__GFP_IO,
  GFP_USER: gfp.GFP_USER,
  GFP_HIGHUSER: gfp.GFP_HIGHUSER,
  GFP_HIGHUSER_MOVABLE: gfp.GFP_HIGHUSER_MOVABLE,
  GFP_TRANSHUGE: TRANSHUGE_LIGHT | gfp.__GFP_DIRECT_RECLAIM,
  GFP_TRANSHUGE_LIGHT: TRANSHUGE_LIGHT,
};
const MOBILITY = gfp.__GFP_MOVABLE | gfp.__GFP_RECLAIMABLE;
const BY_TYPE = [0, gfp.__GFP_MOVABLE, gfp.__GFP_RECLAIMABLE];

/** The flags of `gfp_flags=…`; the mobility is that of the recorded type, in the model's numbers. */
export function gfpOfWords(words: string, type: number): number {
  let flags = 0;
  for (const word of words.replace(/[()]/g, "").split("|")) {
    const bit = word.replace(/^(?:__)?GFP_/, "");
    if (Object.hasOwn(SETS, word)) flags |= SETS[word]!;
    else if (Object.hasOwn(BITS, bit)) flags |= BITS[bit]!;
  }
  const mobility = BY_TYPE[type];
  return mobility === undefined ? flags : (flags & ~MOBILITY) | mobility;
}
