/**
 * Single lines that tell of memory that was not to be had, without a report: bounce buffers (kernel/dma/swiotlb.c), pools for
 * atomic requests of devices (kernel/dma/pool.c, before it arch/arm), address space of vmalloc() (mm/vmalloc.c), and the
 * slab allocator (mm/slub.c, mm/slab.c).
 */
import { formatSize, KiB } from "../base/units";
import type { Remedy } from "./answer";
import { about } from "./quantities";
import type { Reading } from "./reading";
import { machineOf, offers } from "./remedy-conditions";
import { kernelOf } from "./request";

/** What follows from one line. */
export interface Notice {
  verdict: string[];
  remedies: Remedy[];
  /** See `ReportAnswer.harmless`. */
  harmless: boolean | null;
}

type Reader = readonly [line: RegExp, follows: (found: readonly string[]) => Notice];

/** lib/swiotlb.c, since 2005: slots of 2 KiB, and a mapping of 128 of them at most (IO_TLB_SEGSIZE). */
const SLOT_BYTES = 2 * KiB;
const MAPPING_BYTES_MOST = 128 * SLOT_BYTES;

const remedy = (what: string, how: string, effect: string, cost: string): Remedy => ({
  what,
  how,
  effect,
  cost,
  releases: "every release",
  basis: "experience",
});

const WIDER_MASK = remedy(
  "Let the device reach all memory",
  "dma_set_mask_and_coherent() with the width that the device has, or the IOMMU (intel_iommu=on, amd_iommu=on, SMMU)",
  "buffers are used where they are, without copies",
  "a patch of the driver, or the IOMMU's own cost",
);

const SMALLER_PIECES = remedy(
  "Map smaller pieces",
  "a limit of the driver by dma_max_mapping_size(), smaller requests, or a scatter-gather list",
  `each piece of at most ${formatSize(MAPPING_BYTES_MOST)} can be copied`,
  "a patch of the driver or a setting",
);

const moreSlots = (total: number | null) =>
  remedy(
    "Make the bounce buffers larger",
    `swiotlb=${total === null ? "<slots of 2 KiB>" : 2 * total} on the kernel command line`,
    `${total === null ? "" : `twice the slots, ${about(2 * total * SLOT_BYTES)}: `}more mappings fit at once; one mapping does not become larger`,
    "the memory is taken at boot",
  );

interface Bounce {
  device: string | null;
  bytes: number;
  total: number | null;
  used: number | null;
}

function bounceFull({ device, bytes, total, used }: Bounce): Notice {
  const what = `${device === null ? "A device" : `The device ${device}`} was to read or write memory that it cannot reach, and no bounce buffer of ${about(bytes)} was to be had (swiotlb). Free memory has no part in it.`;
  if (total === 0)
    return {
      verdict: [
        what,
        "The kernel has no bounce buffers at all: it took the machine for one that needs none.",
      ],
      remedies: [WIDER_MASK],
      harmless: false,
    };
  if (bytes > MAPPING_BYTES_MOST)
    return {
      verdict: [
        what,
        `No mapping above ${formatSize(MAPPING_BYTES_MOST)} (128 slots of 2 KiB) can ever be copied, however many slots are free.`,
      ],
      remedies: [SMALLER_PIECES, WIDER_MASK],
      harmless: false,
    };
  const free = total === null || used === null ? null : total - used;
  const most =
    free === null
      ? []
      : [
          free * SLOT_BYTES < bytes
            ? `${used} of ${total} slots were in use: the buffers are full.`
            : `Only ${used} of ${total} slots were in use: slots enough are free, but not next to each other within one segment of 128, or not aligned as the device wants them.`,
        ];
  const full = free !== null && free * SLOT_BYTES < bytes;
  return {
    verdict: [what, ...most],
    remedies: full || free === null ? [moreSlots(total), WIDER_MASK] : [SMALLER_PIECES, WIDER_MASK],
    harmless: false,
  };
}

const atomicPool = (verdict: string): Notice => ({
  verdict: [verdict],
  remedies: [
    remedy(
      "Make the pool larger",
      "coherent_pool=<size> on the kernel command line, such as coherent_pool=2M",
      "more buffers can be had in interrupts",
      "the memory is taken at boot, from what devices reach",
    ),
    remedy(
      "Take the buffers where the driver may wait",
      "dma_alloc_coherent() with GFP_KERNEL, when the device is opened",
      "the pool is not asked",
      "a patch of the driver",
    ),
  ],
  harmless: false,
});

const MORE_ADDRESSES = remedy(
  "Give vmalloc() more address space",
  "vmalloc=<size> on the kernel command line",
  "larger ranges are free",
  "low memory becomes smaller by as much",
);

const READERS: readonly Reader[] = [
  [
    /^(?:(\S.{0,80}?): )?swiotlb buffer is full(?: \(sz: (\d{1,15}) bytes\))?(?:, total (\d{1,12}) \(slots\), used (\d{1,12}) \(slots\))?/,
    ([, device, bytes, total, used]) =>
      bounceFull({
        device: device ?? null,
        bytes: Number(bytes ?? 0),
        total: total === undefined ? null : Number(total),
        used: used === undefined ? null : Number(used),
      }),
  ],
  [
    /Out of SW-IOMMU space for (\d{1,15}) bytes(?: at device (\S{1,80}))?/,
    ([, bytes, device]) =>
      bounceFull({ device: device ?? null, bytes: Number(bytes), total: null, used: null }),
  ],
  [
    /swiotlb: coherent allocation failed for device (\S{1,80}) size=(\d{1,15})/,
    ([, device, bytes]) => ({
      verdict: [
        `The device ${device} asked for a coherent buffer of ${about(Number(bytes))}: the page allocator had none that it can reach, and the bounce buffers had none either.`,
      ],
      remedies: [WIDER_MASK, SMALLER_PIECES],
      harmless: false,
    }),
  ],
  [
    /software IO TLB: Cannot allocate buffer/,
    () => ({
      verdict: [
        "Early boot had no room for the bounce buffers (swiotlb) in low memory: devices that do not reach all memory cannot work.",
      ],
      remedies: [WIDER_MASK],
      harmless: false,
    }),
  ],
  [
    /(\d{1,9}) KiB atomic DMA coherent pool is too small/,
    ([, kib]) =>
      atomicPool(
        `A driver asked for a coherent buffer where it may not wait. Such requests are served from a pool of ${about(Number(kib) * KiB)}, which had no run of free pages for it.`,
      ),
  ],
  [
    /DMA: failed to allocate (\d{1,9}) KiB (\S{1,80}) pool for atomic allocation/,
    ([, kib, flags]) =>
      atomicPool(
        `Early boot had no ${about(Number(kib) * KiB)} in one piece for the pool (${flags}) from which devices are served where their drivers may not wait.`,
      ),
  ],
  [
    /vmap allocation for size (\d{1,20}) failed/,
    ([, bytes]) => ({
      verdict: [
        `The address space for vmalloc() had no free range of ${about(Number(bytes))}. Memory was not the reason.`,
      ],
      remedies: [
        remedy(
          "See who holds it",
          "sudo cat /proc/vmallocinfo",
          "the largest users, or one that takes more and more (a leak), stand there by name",
          "none",
        ),
        MORE_ADDRESSES,
      ],
      harmless: false,
    }),
  ],
  [
    /^SL[AU]B: Unable to allocate memory on node (-?\d{1,6})(?:[,:]? ?\(?gfp=(0x[0-9a-f]{1,12})(?:\(([A-Z_|]{1,300})\))?)?/,
    ([, node, bits, names]) => ({
      verdict: [
        `The slab allocator got no page for a new slab${node === "-1" ? "" : ` on node ${node}`}${bits === undefined ? "" : ` with ${names ?? bits}`}. The kernel's own report of the refused request is not in the text; it may have been held back, since such reports are limited in number.`,
      ],
      remedies: [],
      harmless: null,
    }),
  ],
];

/** What follows from a line; null if it is not one of these. */
export function noticeOf(line: string): Notice | null {
  for (const [pattern, follows] of READERS) {
    const found = pattern.exec(line);
    if (found) return follows(found);
  }
  return null;
}

/** The answer to a line that stands alone. */
export function noticeAnswer(reading: Reading): Notice {
  const { notice, slabCache } = reading;
  const { verdict, ...rest } = noticeOf(notice!)!;
  if (!offers("vmalloc=", machineOf(reading, kernelOf(reading).series)))
    rest.remedies = rest.remedies.filter((one) => one !== MORE_ADDRESSES);
  const cache =
    slabCache === null ? [] : [`The slab cache ${slabCache} got no page for more of its objects.`];
  return { ...rest, verdict: [...cache, ...verdict] };
}
