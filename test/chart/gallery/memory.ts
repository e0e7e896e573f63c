/** Charts of a machine's memory, each of the used machine. */
import {
  blockers,
  blockMap,
  buddyinfoOverTime,
  fragmentationOverTime,
  freeByOrder,
  holders,
} from "../../../lib/chart";
import { fragmentationIndices, unusableIndices } from "../../../lib/metrics/free-history";
import { holderFlows } from "../../../lib/metrics/holders";
import { freeListLength } from "../../../lib/mm/reports/pagetypeinfo";
import { MIGRATE_NAMES } from "../../../lib/mm/state/migratetype";
import type { Example } from "./index";
import { PAGE_BYTES, usedMachine } from "./machine";

const ROUNDS = "rounds of filling and freeing (count)";

export const MEMORY: Example[] = [
  {
    name: "block-map-content",
    builder: "blockMap",
    words:
      "What in each page block is most in the way of a contiguous range, with a slider over snapshots. Hovering names the kinds, the migrate type and the frames.",
    draw: () =>
      blockMap({
        title: "1 GiB in use: what lies in the way",
        snapshots: usedMachine().snapshots,
        pageBytes: PAGE_BYTES,
      }),
  },
  {
    name: "block-map-migratetype",
    builder: "blockMap",
    words: "The same machine, coloured by the migrate type of its blocks.",
    draw: () =>
      blockMap({
        title: "1 GiB in use: migrate types",
        snapshots: usedMachine().snapshots.slice(-1),
        pageBytes: PAGE_BYTES,
        colorBy: "migratetype",
      }),
  },
  {
    name: "block-map-occupancy",
    builder: "blockMap",
    words: "The share of each block that is in use.",
    draw: () =>
      blockMap({
        title: "1 GiB in use: occupancy",
        snapshots: usedMachine().snapshots.slice(-1),
        pageBytes: PAGE_BYTES,
        colorBy: "occupancy",
      }),
  },
  {
    name: "buddyinfo-over-time",
    builder: "buddyinfoOverTime",
    words: "Free memory by order, as /proc/buddyinfo counts it, while the machine is used.",
    draw: () => {
      const { rounds, freeBlocks } = usedMachine();
      return buddyinfoOverTime({
        title: "Free memory falls apart",
        at: rounds,
        xTitle: ROUNDS,
        freeBlocks,
        pageBytes: PAGE_BYTES,
      });
    },
  },
  {
    name: "free-by-order",
    builder: "freeByOrder",
    words: "Free memory by order at one moment, split by migrate type.",
    draw: () => {
      const { memory } = usedMachine();
      const parts = MIGRATE_NAMES.map((name, mt) => ({
        name,
        freeBlocks: Array.from({ length: memory.maxOrder + 1 }, (_, order) =>
          memory.zones.reduce((n, zone) => n + freeListLength(memory, zone, order, mt), 0),
        ),
      })).filter((part) => part.freeBlocks.some((n) => n > 0));
      return freeByOrder({ title: "Free memory by order", parts, pageBytes: PAGE_BYTES });
    },
  },
  {
    name: "fragmentation-index",
    builder: "fragmentationOverTime",
    words: "Why a request of an order would fail: lack of memory, or fragmentation.",
    draw: () => {
      const { rounds, freeBlocks } = usedMachine();
      return fragmentationOverTime({
        title: "Fragmentation index",
        index: "fragmentation",
        at: rounds,
        xTitle: ROUNDS,
        values: freeBlocks.map(fragmentationIndices),
        orders: [3, 5, 7, 9, 10],
        pageBytes: PAGE_BYTES,
      });
    },
  },
  {
    name: "unusable-index",
    builder: "fragmentationOverTime",
    words: "The share of free memory in blocks that are too small for a request of the order.",
    draw: () => {
      const { rounds, freeBlocks } = usedMachine();
      return fragmentationOverTime({
        title: "Unusable free space index",
        index: "unusable",
        at: rounds,
        xTitle: ROUNDS,
        values: freeBlocks.map(unusableIndices),
        pageBytes: PAGE_BYTES,
      });
    },
  },
  {
    name: "holders",
    builder: "holders",
    words: "Who holds the memory in use, and the type and zone of the blocks it is in.",
    draw: () =>
      holders({
        title: "Who holds the blocks",
        flows: holderFlows(usedMachine().memory),
        pageBytes: PAGE_BYTES,
      }),
  },
  {
    name: "blockers",
    builder: "blockers",
    words: "Why a contiguous request failed: every range that was tried, down to who holds the pages in it.",
    draw: () => blockers({ report: usedMachine().failure, pageBytes: PAGE_BYTES }),
  },
];
