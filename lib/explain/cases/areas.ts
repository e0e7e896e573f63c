/** Cases of contiguous areas in use: full, too small, torn, and with a page that does not move. */
import { type CaseData, times } from "./field-case";
import { CM4_CMA_64, ORIN_246, PI_4_CMA_TORN, ZYNQMP_2_GIB } from "./logs";

/** Drivers take 64 MiB, then 4, 16 and 256 pages are asked, as in the log. */
const DRIVERS_AND_MORE = [
  { do: "cmaAlloc", size: "64MiB" },
  { do: "cmaAlloc", size: "16KiB" },
  { do: "cmaAlloc", size: "64KiB" },
  { do: "cmaAlloc", size: "1MiB" },
] as const;

const YELLOW = { board: "raspberry-pi-cm4-8gb", distribution: "haos", kernel: "6.12" } as const;

const CM4_FULL: CaseData = {
  name: "cm4-cma-64",
  title: "An area of 64 MiB has nothing left",
  machine: "Compute Module 4 (Home Assistant Yellow), 64-bit, Linux 6.12",
  source: "github.com/home-assistant/operating-system, issue 4651 and pull request 4652",
  log: CM4_CMA_64,
  question: "Why does a request for 4 pages fail?",
  answer: "the pool of 64 MiB is full before user space starts: cma=256M",
  why: ["Drivers hold all 16384 pages of the area. A request for 4 pages finds none."],
  failing: {
    words: "Drivers take the 64 MiB; then 4, 16 and 256 pages are asked for.",
    plan: { machine: YELLOW, steps: [...DRIVERS_AND_MORE] },
    requests: 3,
  },
  remedied: {
    words: "The same with cma=256M.",
    plan: { machine: { ...YELLOW, cma: "256MiB" }, steps: [...DRIVERS_AND_MORE] },
    requests: 3,
  },
  notShown: ["The log does not say who took the 64 MiB. Here one request takes them."],
};

const ORIN = { board: "jetson-agx-orin", kernel: "5.15" } as const;
const COMPRESSION_TAGS = { do: "cmaAlloc", size: 62864 * 4096 } as const;

const ORIN_SMALL: CaseData = {
  name: "orin-246-mib",
  title: "The graphics driver asks for more than the area has",
  machine: "NVIDIA Jetson AGX Orin, Linux 5.15",
  source: "github.com/OE4T/meta-tegra, issue 1613",
  log: ORIN_246,
  question: "The driver nvgpu gets no memory. What is to be set?",
  answer: "enlarge the area to 246 MiB at least",
  why: ["62864 pages are 246 MiB. The area is smaller, so no run of free pages can be that long."],
  failing: {
    words: "62864 pages are asked of the configured area, 64 MiB.",
    plan: { machine: ORIN, steps: [COMPRESSION_TAGS] },
  },
  remedied: {
    words: "The same with cma=256M.",
    plan: { machine: { ...ORIN, cma: "256MiB" }, steps: [COMPRESSION_TAGS] },
  },
  notShown: [
    "The log does not say how large the area was. 64 MiB is the size that the kernel configures.",
    "Other drivers' shares of the area are not in the log. If they need more than 10 MiB, 256 MiB are too few.",
  ],
};

const BUFFERS = 512;
const EVERY_OTHER = Array.from({ length: BUFFERS / 2 }, (_, i) => ({ do: "release" as const, step: 2 * i }));
const THE_REST = Array.from({ length: BUFFERS / 2 }, (_, i) => ({
  do: "release" as const,
  step: 2 * i + 1,
}));
const VIDEO_BUFFER = { do: "cmaAlloc", size: "4MiB" } as const;
const PI_4_DESKTOP = {
  board: "raspberry-pi-4",
  memory: "4GiB",
  kernel: "6.6",
  distribution: "raspberry-pi-os",
  firmware: { overlays: ["vc4-kms-v3d,cma-512"] },
  minFreeKbytes: 16384,
} as const;
const TORN = [...times(BUFFERS, { do: "cmaAlloc", size: "1MiB" }), ...EVERY_OTHER];

const PI_4_TORN: CaseData = {
  name: "pi-4-cma-torn",
  title: "4 MiB are not to be had of 512",
  machine: "Raspberry Pi 4 with 4 GB, Linux 6.6.30, area of 512 MiB",
  source: "github.com/raspberrypi/linux, issue 6170",
  log: PI_4_CMA_TORN,
  question: "Why does a request for 4 MiB fail when the area has 512 MiB?",
  answer: "a browser keeps buffers and leaves the area in pieces; to be mended there and in the driver",
  why: [
    "-12 of an area means that it has no run of free pages of that length. Buffers that drivers hold cannot be moved, so they cut it into pieces.",
  ],
  failing: {
    words: "512 buffers of 1 MiB are taken and every other one is given back; then 4 MiB are asked for.",
    plan: { machine: PI_4_DESKTOP, steps: [...TORN, VIDEO_BUFFER] },
  },
  remedied: {
    words: "The same, and the remaining buffers are given back before the request: the browser ends.",
    plan: { machine: PI_4_DESKTOP, steps: [...TORN, ...THE_REST, VIDEO_BUFFER] },
  },
  notShown: ["The log does not say which buffers were held. Sizes and order here are made by hand."],
};

const ZCU102 = {
  board: "zynqmp-zcu102",
  kernel: "5.4",
  deviceTree: [{ name: "image_buf@0", base: 0x800000000, size: "2GiB", alignment: "4KiB", reusable: true }],
} as const;
/** The configured area is the first, the region of the device tree the second. */
const WHOLE_REGION = { do: "cmaAlloc", size: "2GiB", area: 1 } as const;

const ZYNQMP_BUSY: CaseData = {
  name: "zynqmp-2-gib",
  title: "All pages of the area are free, and yet busy",
  machine: "Xilinx ZCU102 with 4 GiB, Linux 5.4, reusable region of 2 GiB",
  source: "github.com/ikwzm/udmabuf, issues 97 and 98",
  log: ZYNQMP_2_GIB,
  question: "524288 of 524288 pages are free. Why is the answer -16?",
  answer: "open; some page in the range could not be moved",
  why: [
    "'Free' here means: no driver holds it. Movable pages of processes and files may lie in the area meanwhile, and have to move out.",
    "-16 says that one of them could not: it was pinned, under I/O or locked.",
  ],
  failing: {
    words: "1500 MiB of files are read, somebody holds 1 page in 1000; then the whole region is asked for.",
    plan: {
      machine: ZCU102,
      steps: [
        { do: "fill", kind: "fileClean", size: "1500MiB" },
        { do: "pin", share: 0.001, kind: "get", by: "somebody whom the log does not name" },
        WHOLE_REGION,
      ],
    },
  },
  remedied: {
    words: "The region is asked for before the files are read, as a driver does that loads early.",
    plan: { machine: ZCU102, steps: [WHOLE_REGION] },
  },
  notShown: [
    "Whose page it was nobody found out. Here pages are held by hand.",
    "A region without reusable is never lent to others; that always works and is not shown.",
  ],
};

export const AREA_CASES: readonly CaseData[] = [CM4_FULL, ORIN_SMALL, PI_4_TORN, ZYNQMP_BUSY];
