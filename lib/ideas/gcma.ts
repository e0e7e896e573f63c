/**
 * Guaranteed CMA (Park and Kim, 2015; Baghdasaryan, 2025): an area lends its frames only to copies of clean file pages.
 *
 * It is the strategy `guaranteed-cma`, which this idea names: docs/strategies/guaranteed-cma.md says what is modelled and what is not.
 *
 * Held against: 15 to 130 times faster than CMA on a Raspberry Pi 2 (RFC v2 and paper at EWiLi, 2015).
 */
import type { Idea } from "./idea";

export const GCMA: Idea = {
  name: "gcma",
  title: "GCMA: an area for what can be dropped at once",
  kind: "strategy",
  modelled:
    "the strategy guaranteed-cma: the area holds copies of file pages that reclaim let go; a request drops them",
  notModelled: "reads that a kept copy saves",
  published: "15 to 130 times faster than CMA on a Raspberry Pi 2",
  sources: [
    "SeongJae Park, Minchan Kim: GCMA, RFC v2 of 23 February 2015; paper at EWiLi 2015",
    "Suren Baghdasaryan: RFC of 20 March 2025, and 7/8 of 10 October 2025 on linux-mm",
  ],
  since: "4.17",
  machine: {},
  strategy: { name: "guaranteed-cma", area: 2 ** 25 },
};
