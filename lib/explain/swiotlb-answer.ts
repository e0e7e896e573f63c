/** Answers to a full bounce buffer: a device cannot reach memory, and the copies for it found no room. */
import { formatSize, KiB } from "../base/units";
import type { Remedy } from "./answer";
import type { PartAnswer } from "./cma-answer";
import { RELEASE } from "./missing";
import { about } from "./quantities";
import type { Reading, SwiotlbReading } from "./reading";

/** IO_TLB_SIZE, and IO_TLB_SEGSIZE of them: what one mapping can have at most. */
const SLOT_BYTES = 2 * KiB;
const MAPPING_MOST = 128 * SLOT_BYTES;

/** The answer to messages of a full bounce buffer. */
export function swiotlbAnswer({ swiotlb, release }: Reading): PartAnswer {
  const told = swiotlb ?? { device: null, bytes: 0, slots: null, used: null, times: 0 };
  const tooLong = told.bytes > MAPPING_MOST;
  const who = told.device === null ? "A device" : `The device ${told.device}`;
  const asked = `${who} asked for ${about(told.bytes)} of the bounce buffer, which it needs for memory that it cannot reach.`;
  return {
    reasons: [],
    verdict: [asked, tooLong ? MOST : roomInWords(told)],
    harmless: null,
    remedies: [...(tooLong ? [shorter()] : larger(told)), reachMore()],
    missing: release === null ? [RELEASE] : [],
  };
}

const MOST = `One request can have ${formatSize(MAPPING_MOST)} at most, however large the buffer is: its slots of 2 KiB are handed out from groups of 128.`;

function roomInWords({ bytes, slots, used }: SwiotlbReading): string {
  if (slots === null || used === null)
    return "The text does not say how large the buffer is, nor how much of it was in use.";
  const free = (slots - used) * SLOT_BYTES;
  const state = `${used} of its ${slots} slots of 2 KiB (${about(slots * SLOT_BYTES)}) were in use`;
  return free < bytes
    ? `The buffer is full: ${state}.`
    : `${state}, so enough was free, but no run of free slots was long enough: shorter buffers lie between.`;
}

function larger({ slots }: SwiotlbReading): Remedy[] {
  return [
    {
      what: "Make the bounce buffer larger",
      how: `swiotlb=${slots === null ? "<slots of 2 KiB>" : 2 * slots} on the kernel command line`,
      effect:
        slots === null
          ? "more slots; the usual buffer has 32768 of them, 64 MiB"
          : `twice the slots, ${about(2 * slots * SLOT_BYTES)}`,
      cost: `${slots === null ? "that memory" : `${about(slots * SLOT_BYTES)} more`} is of no other use`,
      releases: "every release",
      basis: "experience",
    },
  ];
}

const shorter = (): Remedy => ({
  what: "Map less at a time",
  how: "dma_max_mapping_size() as the limit of one mapping, or max_segment_size of the queue",
  effect: `no mapping is longer than ${formatSize(MAPPING_MOST)}`,
  cost: "a patch of the driver",
  releases: "since 5.1",
  basis: "rule",
});

const reachMore = (): Remedy => ({
  what: "Let the device reach more memory",
  how: "a wider DMA mask in the driver (dma_set_mask_and_coherent()) if the device has the addresses, or an IOMMU",
  effect: "no copies are needed",
  cost: "a patch of the driver, or hardware that has an IOMMU",
  releases: "every release",
  basis: "rule",
});
