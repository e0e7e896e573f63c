/**
 * Texts in which one kind of line comes as often as one likes. They are what a reader must take in time that grows with their length
 * only: each kind keeps something for every line, or asks for something kept before.
 */

/** A text of about `n` lines. */
export type Flood = (n: number) => string;

const lines = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join("\n");

/** Groups of lines, `n` lines in all. */
const groups = (n: number, size: number, group: (i: number) => string): string =>
  lines(Math.ceil(n / size), group);

const stamp = (i: number) => `[${(i / 100).toFixed(6).padStart(12)}] `;

const memInfo = (i: number): string[] => [
  "Mem-Info:",
  `active_anon:${i} inactive_anon:2 isolated_anon:0`,
  "Node 0 active_anon:4kB inactive_anon:8kB all_unreclaimable? no",
  `Node 0 Normal free:${1000 + (i % 97)}kB boost:0kB min:2000kB low:3000kB high:4000kB present:100000kB managed:90000kB`,
  "lowmem_reserve[]: 0 0 0",
  "Node 0 Normal: 2*4kB (UM) 0*8kB 1*16kB (U) = 24kB",
  "25000 pages RAM",
];

const refused = (i: number): string[] => [
  `task${i}: page allocation failure: order:${i % 10}, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/,mems_allowed=0`,
  `CPU: 0 PID: ${i} Comm: task${i} Not tainted 6.1.0 #1`,
  "Call Trace:",
  ` dump_stack+0x1/0x2`,
  ` warn_alloc.cold+0x1/0x2`,
  ` driver${i % 1000}_probe+0x1/0x2 [mod${i % 1000}]`,
  ...memInfo(i),
];

const all = (i: number, of: readonly string[]): string => of.map((line) => stamp(i) + line).join("\n");

export const FLOODS: Readonly<Record<string, Flood>> = {
  "cma_alloc of one size": (n) =>
    lines(n, (i) => `${stamp(i)}cma: cma_alloc: linux,cma: alloc failed, req-size: 64 pages, ret: -12`),
  "cma_alloc of many sizes": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}cma: cma_alloc: linux,cma: alloc failed, req-size: ${1 + (i % 5000)} pages, ret: -12`,
    ),
  "cma_alloc with free runs": (n) =>
    groups(n, 2, (i) =>
      all(i, [
        `cma: cma_alloc: reserved: alloc failed, req-size: ${1 + (i % 2)} pages, ret: -16`,
        `cma: number of available pages: ${lines(20, (k) => `6@${k * 100 + i}`).replace(/\n/g, "+")}=> 120 free of 262144 total pages`,
      ]),
    ),
  "cma areas reserved and refused": (n) =>
    groups(n, 2, (i) =>
      all(i, [
        `cma: Reserved ${16 + (i % 900)} MiB at 0x${(i * 2 ** 24).toString(16)}`,
        `cma: cma_alloc: alloc failed, req-size: ${1 + i} pages, ret: -12`,
      ]),
    ),
  "busy frames": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}alloc_contig_range: [${(i + 256).toString(16)}, ${(i + 512).toString(16)}) PFNs busy`,
    ),
  "devices without memory": (n) =>
    lines(n, (i) => `${stamp(i)}drv${i} 1000.dev: dma_alloc_coherent of size ${4096 * (i + 1)} failed`),
  "cma areas that failed": (n) => lines(n, (i) => `${stamp(i)}cma: Failed to reserve ${1 + (i % 4000)} MiB`),
  "regions of the device tree": (n) =>
    groups(n, 3, (i) =>
      all(i, [
        `OF: reserved mem: 0x${(i * 4096).toString(16)}..0x${(i * 4096 + 4095).toString(16)} (4 KiB) map reusable region${i}@0`,
        `Reserved memory: created CMA memory pool at 0x${(i * 2 ** 20).toString(16)}, size 1 MiB`,
        `OF: reserved mem: initialized node area${i}@0, compatible id shared-dma-pool`,
      ]),
    ),
  "regions that failed": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}OF: reserved mem: failed to allocate memory for node 'area${i}': size ${1 + (i % 99)} MiB`,
    ),
  "oom killer": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}task${i} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=${i % 4}, oom_score_adj=0`,
    ),
  "killed processes": (n) =>
    lines(
      n,
      (i) => `${stamp(i)}Out of memory: Killed process ${i + 1} (task${i}) total-vm:1kB, anon-rss:1kB`,
    ),
  "killed processes far apart": (n) =>
    lines(n, (i) =>
      i % 500 === 0
        ? `${stamp(i)}Out of memory: Killed process ${i + 1} (task${i})`
        : `${stamp(i)}usb 1-1: noise ${i}`,
    ),
  "oom reports": (n) =>
    groups(n, 11, (i) =>
      all(i, [
        `task${i} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0`,
        "Call Trace:",
        ...memInfo(i),
        `[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name`,
        `[    ${i}]     0   ${i}     1000      100    40960        0             0 task${i}`,
        `oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,task=task${i},pid=${i},uid=0`,
        `Out of memory: Killed process ${i} (task${i})`,
      ]),
    ),
  "tasks of one oom report": (n) =>
    `a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\n${lines(n, (i) => `[    ${i}]     0   ${i}     1000      100    40960        0             0 task${i}`)}`,
  "page allocation failures": (n) => groups(n, 13, (i) => all(i, refused(i))),
  "page allocation failures without memory": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}task${i}: page allocation failure: order:${i % 10}, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)`,
    ),
  "failures that lie between each other": (n) =>
    groups(n, 16, (i) =>
      all(i, [
        ...refused(i).slice(0, 3),
        ...refused(i + 1).slice(0, 3),
        ...memInfo(i).slice(0, 5),
        ...memInfo(i).slice(0, 5),
      ]),
    ),
  "failures of many printers": (n) =>
    lines(
      n,
      (i) =>
        `[${(i / 100).toFixed(6).padStart(12)}][T${i % 100_000}] task: page allocation failure: order:1, mode:0x40cc0(GFP_KERNEL)`,
    ),
  "vmalloc failures": (n) =>
    lines(
      n,
      (i) => `${stamp(i)}task: vmalloc error: size ${4096 * (1 + i)}, failed to allocate pages, mode:0xcc0`,
    ),
  "stack of one report": (n) =>
    `t: page allocation failure: order:1, mode:0x40cc0(GFP_KERNEL)\nCall Trace:\n${lines(n, (i) => ` fn${i}+0x1/0x2`)}`,
  "states of memory": (n) => groups(n, 7, (i) => all(i, memInfo(i))),
  "nodes of one state": (n) =>
    `Mem-Info:\n${lines(n, (i) => `Node ${i % 10_000} ${["Normal", "DMA", "Movable"][Math.floor(i / 10_000) % 3]} free:${i}kB min:1kB low:2kB high:3kB`)}`,
  "lists of many nodes": (n) =>
    `Mem-Info:\n${lines(n, (i) => `Node ${i % 10_000} ${["Normal", "DMA", "Movable"][Math.floor(i / 10_000) % 3]}: ${i}*4kB (U) = ${4 * i}kB`)}`,
  "per-CPU lists": (n) =>
    `Mem-Info:\nNode 0 Normal per-cpu:\n${lines(n, (i) => `CPU ${i}: hi: 186, btch: 31 usd: ${i % 186}`)}`,
  "huge pages of a report": (n) =>
    `Mem-Info:\n${lines(n, (i) => `Node ${i % 10_000} hugepages_total=1 hugepages_free=0 hugepages_surp=0 hugepages_size=${2048 * (1 + Math.floor(i / 10_000))}kB`)}`,
  buddyinfo: (n) => lines(n, (i) => `Node ${i % 10_000}, zone   Normal ${"531 642 3751 306 0 0 0 0 0 0 0"}`),
  "buddyinfo again and again": (n) =>
    lines(n, (i) => `Node 0, zone   Normal ${i} 642 3751 306 0 0 0 0 0 0 0`),
  "buddyinfo with many zones": (n) =>
    lines(n, (i) => `Node ${i % 10_000}, zone Z${Math.floor(i / 10_000)} 1 2 3 4 5 6 7 8 9 10 11`),
  zoneinfo: (n) =>
    groups(n, 8, (i) =>
      [
        `Node ${i % 10_000}, zone   Normal`,
        `  pages free     ${i}`,
        "        min      67",
        "        low      83",
        "        high     99",
        "        managed  3975",
        "        protection: (0, 1900, 1900)",
        "      nr_free_pages 3962",
      ].join("\n"),
    ),
  "counters of one zone": (n) =>
    `Node 0, zone Normal\n  pages free 1\n${lines(n, (i) => `      nr_c${i.toString(36)} ${i}`)}`,
  "pagesets of one zone": (n) =>
    `Node 0, zone Normal\n  pages free 1\n  pagesets\n${groups(n, 2, (i) => `    cpu: ${i}\n              count: 3`)}`,
  pagetypeinfo: (n) =>
    `Page block order: 9\nPages per block:  512\nFree pages count per migrate type at order 0 1 2\n${lines(n, (i) => `Node    ${i % 10_000}, zone   Normal, type    T${Math.floor(i / 10_000)}      1      2      3`)}`,
  "page blocks by type": (n) =>
    `Number of blocks type     Unmovable      Movable  Reclaimable\n${lines(n, (i) => `Node ${i % 10_000}, zone   Normal           1           2            3`)}`,
  "types of one zone": (n) =>
    `Free pages count per migrate type at order 0 1 2\n${lines(n, (i) => `Node    0, zone   Normal, type    T${i.toString(36)}      1      2      3`)}`,
  vmstat: (n) => `nr_free_pages 1\n${lines(n, (i) => `c${i.toString(36)} ${i}`)}`,
  "vmstat again and again": (n) => groups(n, 2, (i) => `nr_free_pages ${i}\nnr_zone_active_anon ${i}`),
  meminfo: (n) => groups(n, 3, (i) => `MemTotal: ${100_000 + i} kB\nMemFree: ${i} kB\nHugePages_Total: 3`),
  "meminfo of nodes": (n) =>
    groups(
      n,
      2,
      (i) => `Node ${i % 10_000} MemTotal: ${100_000 + i} kB\nNode ${i % 10_000} HugePages_Total: 3`,
    ),
  slabinfo: (n) =>
    `slabinfo - version: 2.1\n${lines(n, (i) => `cache${i} 10 20 30 8 1 : tunables 0 0 0 : slabdata 5 5 0`)}`,
  ftrace: (n) =>
    lines(
      n,
      (i) =>
        `  task-${i}  [000] ....  ${(i / 1000).toFixed(6)}: mm_page_alloc: page=0x1 pfn=0x${i.toString(16)} order=0 migratetype=1 gfp_flags=GFP_KERNEL`,
    ),
  "ftrace with many names": (n) =>
    lines(n, (i) => `  task-${i}  [000] ....  ${(i / 1000).toFixed(6)}: mm_x${i}: a=1`),
  "perf trace": (n) =>
    lines(n, (i) => `     ${(i / 1000).toFixed(3)} task/${i} kmem:mm_page_alloc(pfn: ${i}, gfp_flags: 3264)`),
  "kernel command lines": (n) => lines(n, (i) => `${stamp(i)}Kernel command line: cma=${i}M hugepages=${i}`),
  "a long kernel command line": (n) =>
    `Kernel command line: ${lines(n, (i) => `cma=${i}M`)
      .replace(/\n/g, " ")
      .slice(0, 900_000)}`,
  releases: (n) => lines(n, (i) => `${stamp(i)}Linux version 6.1.${i} (a@b) (gcc) #1`),
  "boots with a map": (n) =>
    groups(n, 7, (i) =>
      all(i, [
        `Linux version 6.1.${i} (a@b) x86_64`,
        "Kernel command line: cma=64M",
        "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
        "BIOS-e820: [mem 0x0000000000100000-0x000000007fffffff] usable",
        "Memory: 890956K/970752K available (1K kernel code, 47028K reserved, 32768K cma-reserved)",
        "cma: Failed to reserve 512 MiB",
        `HugeTLB: allocating ${1 + i} of page size 1.00 GiB failed.  Only allocated 0 hugepages.`,
      ]),
    ),
  "e820 map": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}BIOS-e820: [mem 0x${(i * 8192).toString(16).padStart(16, "0")}-0x${(i * 8192 + 4095).toString(16).padStart(16, "0")}] ${i % 2 ? "usable" : "reserved"}`,
    ),
  "EFI map": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}efi:   0x${(i * 8192).toString(16).padStart(12, "0")}-0x${(i * 8192 + 4095).toString(16).padStart(12, "0")} [${i % 2 ? "Conventional Memory" : "Reserved"}|   |  |  ]`,
    ),
  memblock: (n) =>
    `MEMBLOCK configuration:\n memory size = 0x1 reserved size = 0x1\n${lines(n, (i) => ` ${i % 2 ? "memory" : "reserved"}[0x${(i % 65_536).toString(16)}]\t[0x${(i * 8192).toString(16).padStart(16, "0")}-0x${(i * 8192 + 4095).toString(16).padStart(16, "0")}], 0x1000 bytes flags: 0x0`)}`,
  "memblock again and again": (n) =>
    groups(n, 3, (i) =>
      all(i, [
        "MEMBLOCK configuration:",
        ` memory[0x0]\t[0x${(i * 8192).toString(16).padStart(16, "0")}-0x${(i * 8192 + 4095).toString(16).padStart(16, "0")}], 0x1000 bytes flags: 0x0`,
        ` reserved[0x0]\t[0x${(i * 8192).toString(16).padStart(16, "0")}-0x${(i * 8192 + 99).toString(16).padStart(16, "0")}], 0x64 bytes flags: 0x0`,
      ]),
    ),
  "early memory node ranges": (n) =>
    `Early memory node ranges\n${lines(n, (i) => `  node   ${i % 1000}: [mem 0x${(i * 8192).toString(16).padStart(16, "0")}-0x${(i * 8192 + 4095).toString(16).padStart(16, "0")}]`)}`,
  "zone ranges": (n) =>
    `Zone ranges:\n${lines(n, (i) => `  Normal   [mem 0x${(i * 8192).toString(16).padStart(16, "0")}-0x${(i * 8192 + 4095).toString(16).padStart(16, "0")}]`)}`,
  iomem: (n) =>
    lines(
      n,
      (i) =>
        `${(i * 8192).toString(16).padStart(8, "0")}-${(i * 8192 + 4095).toString(16).padStart(8, "0")} : ${i % 2 ? "System RAM" : "Reserved"}`,
    ),
  "kernel configuration": (n) => lines(n, (i) => (i % 2 ? `CONFIG_A${i}=y` : `# CONFIG_A${i} is not set`)),
  "HugeTLB that failed": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}HugeTLB: allocating ${1 + i} of page size 1.00 GiB failed.  Only allocated ${i} hugepages.`,
    ),
  "HugeTLB registered": (n) =>
    lines(
      n,
      (i) => `${stamp(i)}HugeTLB registered ${1 + (i % 1_000_000)} KiB page size, pre-allocated 0 pages`,
    ),
  hugetlb_cma: (n) =>
    groups(n, 2, (i) =>
      all(i, [
        `cma: Reserved ${1 + i} MiB at 0x100000000`,
        `hugetlb_cma: reserved ${1 + i} MiB on node ${i % 9}`,
      ]),
    ),
  DPDK: (n) =>
    lines(n, (i) => `EAL: No free ${2048 * (1 + (i % 3))} kB hugepages reported on node ${i % 99_999}`),
  "huge pages of sysfs": (n) =>
    lines(
      n,
      (i) =>
        `/sys/devices/system/node/node${i % 90_000}/hugepages/hugepages-${2048 * (1 + Math.floor(i / 90_000))}kB/nr_hugepages:${i}`,
    ),
  "bounce buffers": (n) =>
    lines(
      n,
      (i) =>
        `${stamp(i)}dev${i}: swiotlb buffer is full (sz: ${4096 + i} bytes), total 32768 (slots), used ${i % 32_768} (slots)`,
    ),
  "slab notices": (n) =>
    groups(n, 2, (i) =>
      all(i, [
        `SLUB: Unable to allocate memory on node ${i % 999}, gfp=0x20(GFP_ATOMIC)`,
        `  cache: kmalloc-${i}, object size: 128, buffer size: 128, default order: 1, min order: 0`,
      ]),
    ),
  "usable ranges of percpu and commands": (n) =>
    groups(n, 2, (i) => `$ cat /proc/buddyinfo\nNode 0, zone Normal ${i} 1 1 1 1 1 1 1 1 1 1`),
  "nothing of memory": (n) => lines(n, (i) => `${stamp(i)}usb 1-1: new high-speed USB device number ${i}`),
  "prose without ends of sentences": (n) =>
    lines(n, (i) => `memory fails with cma and 2M huge pages ${i} after hugepagesz=1G and ${i % 7} nodes`),
  "numbers of lines": (n) => lines(n, (i) => `${i + 1}: Node 0, zone Normal 1 2 3 4 5 6 7 8 9 10 11`),
  "marks of mail": (n) =>
    lines(n, (i) => `${"> ".repeat(i % 12)}Node 0 Normal free:${i}kB min:1kB low:2kB high:3kB`),
  "quoted-printable": (n) => lines(n, (i) => `Node 0, zone=20Normal ${i} 2 3 4 5 6 7 8 9 10 =3D=`),
  "soft breaks alone": (n) => `=3D=\n${lines(n, () => "=")}`,
  HTML: (n) => lines(n, (i) => `&lt;4&gt;Node 0, zone Normal ${i} 2 3 4 5 6 7 8 9 10 11<br/>`),
  "JSON of journald": (n) =>
    lines(n, (i) =>
      JSON.stringify({ MESSAGE: `cma: cma_alloc: a: alloc failed, req-size: ${i + 1} pages, ret: -12` }),
    ),
  "mixed prefixes": (n) =>
    lines(
      n,
      (i) =>
        `${[stamp(i), "<4>", "Nov 30 12:00:00 host kernel: ", "6,1,2,-;", "2026-11-30T12:00:00+00:00 host kernel: ", `[${i % 9}.000000] <4>[T${i}] `, "| ", "> > "][i % 8]}${refused(i)[i % 13]}`,
    ),
  "wrapped lines": (n) =>
    lines(n, (i) =>
      i % 3 ? `GFP_KERNEL|__GFP_NOWARN and words that go to the end of column sixty ${i}` : `${stamp(i)}`,
    ),
  NULs: (n) => "\u0000".repeat(Math.min(900_000, n * 40)),
  "NULs in lines": (n) => lines(n, (i) => `${"\u0000".repeat(20)}Node 0 Normal free:${i}kB`),
  "line ends alone": (n) => "\n".repeat(n),
  "carriage returns": (n) => `${"a\r".repeat(Math.min(n, 400_000))}b`,
  "escaped line breaks": (n) => "x\\n".repeat(Math.min(n, 300_000)),
  "a line of blanks": (n) => " ".repeat(Math.min(900_000, n * 40)),
  "a line of letters": (n) => "a".repeat(Math.min(900_000, n * 40)),
  "a line of digits": (n) => "1".repeat(Math.min(900_000, n * 40)),
  "a line of brackets": (n) => "[".repeat(Math.min(900_000, n * 40)),
  "a line of ampersands": (n) => `&amp;${"&#1;<p ".repeat(Math.min(120_000, n))}`,
  "a list that does not end": (n) => `Node 0 Normal: ${"1*4kB ".repeat(Math.min(140_000, n))}`,
  "runs that do not end": (n) =>
    `cma: number of available pages: ${"1@2+".repeat(Math.min(220_000, n))}=> 3 free of 4 total pages`,
};
