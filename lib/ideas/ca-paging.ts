/**
 * Contiguity-aware paging (Alverti and others, ISCA 2020): a fault first tries the frame behind the one that the process got last.
 *
 * Modelled: a movable request tries the frames behind those that its processor took last from the zone. If they are in use, it takes what
 * the kernel would, and goes on from there.
 *
 * Not modelled: processes and their areas (one trail per processor stands for all of them); the map of free clusters from which a new area
 * chooses its first frame; the prediction of addresses in hardware (SpOT).
 *
 * Held against: nothing. The abstract names the overhead of nested paging (16.5 % to 0.9 %), which is the hardware's share; the
 * figures on sizes of mappings could not be confirmed.
 */
import { codeOf, type Idea } from "./idea";

const change = codeOf(
  "ca-paging",
  "a movable request first tries the frames behind those that its processor took last",
  `
  freePage: ({ type, order, lastPfn, lastOrder }) => {
    if (type !== "movable" || lastPfn < 0) return "first";
    const pages = 2 ** order;
    const from = Math.ceil((lastPfn + 2 ** lastOrder) / pages) * pages;
    return { from, to: from + pages };
  },
`,
);

export const CA_PAGING: Idea = {
  name: "ca-paging",
  title: "contiguity-aware paging: the physically next frame is tried first",
  kind: "change",
  modelled:
    "movable requests try the frames behind those that their processor took last; otherwise the kernel's choice",
  notModelled:
    "areas of processes (one trail a processor), the map of free clusters, the prediction of addresses in hardware",
  published:
    "none that a model of the allocator computes: nested paging from 16.5 % to 0.9 % is the hardware's share, sizes of mappings were not confirmed",
  sources: [
    "Alverti and others: Enhancing and Exploiting Contiguity for Fast Memory Virtualization, ISCA 2020",
  ],
  since: "4.17",
  machine: { change },
  strategy: null,
};
