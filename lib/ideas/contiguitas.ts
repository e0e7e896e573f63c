/**
 * Contiguitas (Zhao and others, ISCA 2023): pages that do not move are confined to one region, whose border moves with demand.
 *
 * Modelled: the software part. Requests for unmovable and reclaimable pages that need another block take the lowest movable one and all of
 * its free pages, so that their region grows upwards from the start of the zone. Movable requests take back the highest whole
 * blocks only, and no single page out of the region.
 *
 * Not modelled: the hardware that moves unmovable pages while they are used, so that the region shrinks only where it empties by itself;
 * the controller that resizes it by pressure; moving movable pages off a block before it changes sides.
 *
 * Held against: "23 % of servers do not even have physical memory contiguity for a single 2 MB huge page" (ISCA 2023, on Linux as it is).
 */
import { codeOf, type Idea } from "./idea";

const change = codeOf(
  "contiguitas",
  "unmovable pages keep to a region at the start of the zone, whose border moves with demand",
  `
  fallbackOrder: (given, stock) =>
    given.type === "movable" ? ["reclaimable", "unmovable"] : stock.fallbackOrder(given),
  fallbackPage: ({ type }) => (type === "movable" ? "highest" : "lowest"),
  claimBlock: (given, stock) => (given.type === "movable" ? stock.claimBlock(given) : "claim"),
  stealPage: ({ type }) => type !== "movable",
`,
);

export const CONTIGUITAS: Idea = {
  name: "contiguitas",
  title: "Contiguitas: unmovable memory confined to a region with a moving border",
  kind: "change",
  modelled:
    "the software part: unmovable and reclaimable requests claim the lowest movable blocks, movable ones take back whole blocks only",
  notModelled:
    "the hardware that moves unmovable pages in use, the controller that resizes the region by pressure, emptying a block before it changes sides",
  published: "23 % of servers sampled have no free contiguity for one page of 2 MiB, with Linux as it is",
  sources: [
    "Zhao and others: Contiguitas: The Pursuit of Physical Memory Contiguity in Datacenters, ISCA 2023",
  ],
  since: "4.17",
  machine: { change },
  strategy: null,
};
