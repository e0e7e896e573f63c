/** Cases of the page allocator: free memory in small pieces, a mark that is too high, huge pages at run time. */
import { type CaseData, times } from "./field-case";
import { ROUTER_ORDER_10, SPDK_4096, VETH_ORDER_5 } from "./logs";

/** Kernel memory fills the machine, a fifth of it is freed here and there, and larger blocks are taken. */
const SCATTERED = [
  { do: "fill", kind: "slab", size: "4GiB" },
  { do: "free", share: 0.2 },
  ...times(14, { do: "allocPages", order: 10 }),
  ...times(3, { do: "allocPages", order: 9 }),
  ...times(4, { do: "allocPages", order: 8 }),
  ...times(4, { do: "allocPages", order: 7 }),
  ...times(5, { do: "allocPages", order: 6 }),
] as const;
const SERVER = { board: "pc-x86-64", memory: "4GiB", kernel: "6.5" } as const;

const DOCKER: CaseData = {
  name: "docker-order-5",
  title: "A container does not start: 128 KiB are not to be had",
  machine: "x86-64 servers with ZFS, Linux 6.5 and 5.15",
  source: "github.com/docker/for-linux, issue 1443",
  log: VETH_ORDER_5,
  question: "docker run: cannot allocate memory. Why, with gigabytes free?",
  answer: "fragmentation: drop caches and compact, a larger min_free_kbytes; later kernels use kvmalloc",
  why: [
    "The driver veth asks for its queues in one piece, 2^5 pages. Free memory lies in smaller pieces.",
    "Memory of the kernel does not move, so compaction cannot join the pieces between it.",
  ],
  failing: {
    words:
      "Kernel memory fills the machine and a fifth of it is freed here and there; then order 5 is asked for.",
    plan: { machine: SERVER, steps: [...SCATTERED, { do: "allocPages", order: 5 }] },
  },
  remedied: {
    words: "The same machine gives the 32 pages one by one, as kvmalloc takes them.",
    plan: { machine: SERVER, steps: [...SCATTERED, ...times(32, { do: "allocPages", order: 0 })] },
    requests: 32,
  },
  notShown: [
    "The log has no Mem-Info: that memory was fragmented is what the thread found.",
    "ZFS is not modelled, and the machine has 4 GiB: its fragmentation is made by hand.",
    "Here nothing but kernel memory is in the way, so compaction does not help. On the servers, where other pages lay between, the report advises both.",
  ],
};

const ROUTER = { board: "mediatek-mt7621", kernel: "5.4" } as const;
const ROUTER_FILLED = { do: "fill", kind: "slab", size: "103MiB" } as const;

const MT7621: CaseData = {
  name: "router-order-10",
  title: "A router loses its network: 4 MiB for a ring",
  machine: "MediaTek MT7621 with 128 MB, Linux 6.12 and 5.4",
  source: "github.com/frank-w/BPI-Router-Linux, issue 147; github.com/openwrt/mt76, issues 592 and 623",
  log: ROUTER_ORDER_10,
  question: "Why does the network driver not get 4 MiB?",
  answer: "smaller rings, allocated in pieces; min_free_kbytes is too high for 128 MB",
  why: [
    "16384 kB of 128 MB are kept (vm.min_free_kbytes). Free memory less the request is below that.",
    "By the list of the log the largest free block has 1 MiB, so lowering the mark alone would not do.",
  ],
  failing: {
    words: "Kernel memory fills the machine up to the mark of 16384 kB; then order 10 is asked for.",
    plan: {
      machine: { ...ROUTER, minFreeKbytes: 16384 },
      steps: [ROUTER_FILLED, { do: "allocPages", order: 10 }],
    },
  },
  remedied: {
    words: "With vm.min_free_kbytes=1024 the same load leaves room for 4 MiB in 64 pieces of 64 KiB.",
    plan: {
      machine: { ...ROUTER, minFreeKbytes: 1024 },
      steps: [ROUTER_FILLED, ...times(64, { do: "allocPages", order: 4 })],
    },
    requests: 64,
  },
  notShown: [
    "What filled the router is one sum here, all of it slab.",
    "The failing machine still has larger blocks than the router had, and refuses by the mark alone.",
  ],
};

const STORAGE = { board: "pc-x86-64", memory: "12GiB", kernel: "4.19" } as const;
const ALL_HUGE_PAGES = { do: "hugePages", size: "2MiB", count: 4096 } as const;
const A_DAY = {
  do: "apply",
  workload: { kind: "uptime", profile: "server", duration: "1 day" },
} as const;

const SPDK: CaseData = {
  name: "spdk-4096",
  title: "Fewer huge pages than were asked for",
  machine: "x86-64 virtual machine, 4096 pages of 2 MiB asked at run time",
  source: "github.com/spdk/spdk, issues 702, 1382 and 1835",
  log: SPDK_4096,
  question: "Why do only 3738 of 4096 pages come?",
  answer: "flush the caches and compact, or allocate at boot",
  why: [
    "A huge page needs 2 MiB in one piece. After some hours of work pages in use lie everywhere, and not every place can be emptied.",
  ],
  failing: {
    words: "A server of 12 GiB works for a day; then 4096 pages are asked for.",
    plan: { machine: STORAGE, steps: [A_DAY, ALL_HUGE_PAGES] },
  },
  remedied: {
    words: "The same server takes them at boot (hugepagesz=2M hugepages=4096).",
    plan: {
      machine: { ...STORAGE, hugePages: { pools: [{ size: "2MiB", count: 4096 }] } },
      steps: [ALL_HUGE_PAGES],
    },
  },
  notShown: [
    "Memory and load of the machine are not in the report, so the number differs from 3738.",
    "After a day in the model, dropping the caches and compacting brings more pages, but not all of them.",
  ],
};

export const PAGE_CASES: readonly CaseData[] = [DOCKER, MT7621, SPDK];
