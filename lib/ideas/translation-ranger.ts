/**
 * Translation Ranger (Yan and others, ISCA 2019): a service in the background gathers scattered pages in contiguous regions.
 *
 * Modelled: moving pages without a request. Proactive compaction runs at its highest setting, and each run goes on until its scanners meet
 * instead of ending at its goal.
 *
 * Not modelled: the order of pages within a process (compaction gathers free memory, the ranger gathers the pages of one area in the order
 * of their addresses), and the exchange of two pages in use. The workload `uptime` looks once an hour where a kernel looks twice a second.
 *
 * Held against: contiguous regions 40 times larger than by default, at less than 2 % of run time (ISCA 2019).
 */
import { codeOf, type Idea } from "./idea";

const change = codeOf(
  "translation-ranger",
  "proactive compaction gathers pages until its scanners meet",
  `
  compactionFinished: (given, stock) => (given.proactive ? "continue" : stock.compactionFinished(given)),
`,
);

export const TRANSLATION_RANGER: Idea = {
  name: "translation-ranger",
  title: "Translation Ranger: pages are gathered in the background",
  kind: "change",
  modelled: "proactive compaction at its highest setting, each run until its scanners meet",
  notModelled:
    "the order of pages within a process, the exchange of pages in use; the model looks once an hour",
  published: "contiguous regions of processes 40 times larger than by default, at less than 2 % of run time",
  sources: [
    "Yan, Lustig, Nellans, Bhattacharjee: Translation Ranger: Operating System Support for Contiguity-Aware TLBs, ISCA 2019",
  ],
  since: "6.1",
  machine: { change, compactionProactiveness: 100 },
  strategy: null,
};
