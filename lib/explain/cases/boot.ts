/** Cases that a boot decides: an area that finds no room, and one that takes what the kernel needs. */
import type { CaseData } from "./field-case";
import { PI_4_32_BIT, PI_4_CMA_512, ZCU106_2048 } from "./logs";

const HOME_ASSISTANT = { board: "raspberry-pi-4", distribution: "haos", kernel: "6.18" } as const;

const PI_4_CMA: CaseData = {
  name: "pi-4-cma-512",
  title: "512 MiB of contiguous memory become 5 MiB",
  machine: "Raspberry Pi 4, 64-bit, Home Assistant OS 18.1",
  source: "github.com/home-assistant/operating-system, issue 4924",
  log: PI_4_CMA_512,
  question: "The device tree asks for 512 MiB. Why does the kernel reserve 5 MiB, and the screen stay dark?",
  answer: "a smaller area: the parameter cma-N of the overlay",
  why: [
    "An area must be one free range. The device tree lets it lie below 768 MiB only, and there kernel, firmware and the boot loader's copies leave no free range of 512 MiB.",
    "The kernel then reserves the size of its configuration, 5 MiB. The display driver needs more.",
  ],
  failing: {
    words: "The machine boots with the overlay vc4-kms-v3d, which asks for 512 MiB.",
    plan: { machine: { ...HOME_ASSISTANT, firmware: { overlays: ["vc4-kms-v3d"] } }, steps: [] },
  },
  remedied: {
    words: "The same machine boots with cma-256.",
    plan: { machine: { ...HOME_ASSISTANT, firmware: { overlays: ["vc4-kms-v3d,cma-256"] } }, steps: [] },
  },
  notShown: ["The display driver is not modelled: that it needs more than 5 MiB is taken from the log."],
};

const ZCU106 = { board: "zynqmp-zcu106", kernel: "4.17" } as const;

const ZCU106_CMA: CaseData = {
  name: "zcu106-2048-mib",
  title: "1900 MiB work, 2048 MiB do not",
  machine: "Xilinx ZCU106 with 4 GiB, petalinux 2018.2",
  source: "github.com/bperez77/xilinx_axidma, issue 95",
  log: ZCU106_2048,
  question: "Is there a limit to the size of the area?",
  answer: "the area must lie below 4 GiB, where the board has 2 GiB of memory",
  why: [
    "Without an address the area must lie where devices with 32 address bits reach it, below 4 GiB. The board has 2 GiB there, and the other 2 GiB from 32 GiB on.",
    "An area of 2 GiB would need all of it, but kernel and device tree lie there too.",
  ],
  failing: {
    words: "The machine boots with cma=2048M.",
    plan: { machine: { ...ZCU106, cma: "2048MiB" }, steps: [] },
  },
  remedied: {
    words: "The same machine boots with cma=1900M.",
    plan: { machine: { ...ZCU106, cma: "1900MiB" }, steps: [] },
  },
  notShown: ["The machine had Linux 4.14. The oldest release of the model is 4.17, with the same rule."],
};

const PI_32_BIT = {
  board: "raspberry-pi-4-32bit",
  memory: "8GiB",
  kernel: "6.1",
  minFreeKbytes: 65536,
} as const;

/** What the kernel holds in low memory at the time of the report, and one page more. */
const KERNEL_GROWS = [
  { do: "fill", kind: "slab", size: "140MiB" },
  { do: "allocPages", order: 0 },
] as const;

const PI_4_LOW: CaseData = {
  name: "pi-4-32-bit",
  title: "Out of memory at boot, with gigabytes free",
  machine: "Raspberry Pi 4 with 8 GB, 32-bit kernel",
  source: "github.com/raspberrypi/linux, issue 5297",
  log: PI_4_32_BIT,
  question: "Why is a machine with 7.6 GiB free out of memory?",
  answer: "on 32 bit the area takes low memory: use cma-256 or less",
  why: [
    "A 32-bit kernel keeps its own data in the first 768 MiB. The area takes 512 MiB of them, and only movable pages may lie in it.",
    "What is left and free is not above vm.min_free_kbytes, 64 MiB here. So the kernel gets no page, however much is free elsewhere.",
  ],
  failing: {
    words: "With cma-512, the kernel's own memory grows by 140 MiB, then asks for one page more.",
    plan: {
      machine: { ...PI_32_BIT, firmware: { overlays: ["vc4-kms-v3d,cma-512"] } },
      steps: [...KERNEL_GROWS],
    },
  },
  remedied: {
    words: "With cma-256, the same.",
    plan: {
      machine: { ...PI_32_BIT, firmware: { overlays: ["vc4-kms-v3d,cma-256"] } },
      steps: [...KERNEL_GROWS],
    },
  },
  notShown: [
    "What the kernel held in low memory is one sum here, all of it slab.",
    "The OOM killer and the panic after it are not modelled: the request is refused.",
  ],
};

export const BOOT_CASES: readonly CaseData[] = [PI_4_CMA, ZCU106_CMA, PI_4_LOW];
