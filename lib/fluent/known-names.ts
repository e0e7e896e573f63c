/** Names and parameters of workloads and strategies, for completion in a cell. Made by test/support/fluent-names.ts; do not edit. */
// biome-ignore-all format: made by a program

/** Parameters of every workload, by its kind. */
export interface WorkloadParameters {
  /** kernel build. Compilers run side by side, fault in anonymous memory, read sources into the page cache and write objects; dentries and inodes grow with the files read. */
  kernelBuild: {
    /** how long it lasts; "endless": until stopped; time; default "2 minutes" */
    duration?: string;
    /** compilers at a time; compilers; default 8 */
    jobs?: number;
    /** mean time of one compilation; time; default "2s" */
    compile?: string;
    /** mean anonymous memory of a compiler; size; default "40MiB" */
    rss?: string;
    /** sources and headers read for a compilation; size; default "2MiB" */
    sources?: string;
    /** objects written by a compilation; size; default "256KiB" */
    objects?: string;
  };
  /** file server. Files are served from the page cache: popular ones again and again (Zipf), a share of requests writes a file anew; dirty pages are written back when they are too many; reclaim makes room. */
  fileServer: {
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** all files together; size; default "8GiB" */
    files?: string;
    /** mean size of a file; size; default "256KiB" */
    meanFile?: string;
    /** read from disk or written in a second; size; default "4MiB" */
    traffic?: string;
    /** requests that write; share; default 0.2 */
    writes?: number;
    /** popularity of files: rank to the power of minus this; exponent; default 0.9 */
    zipf?: number;
    /** memory that may be dirty before the oldest files are written back; share; default 0.1 */
    dirty?: number;
  };
  /** network server. Receive buffers of one page and of order 3 are allocated with GFP_ATOMIC and freed when a reader comes round: short lived, yet a number of them is in use at any instant; sockets live in unmovable slab. */
  networkServer: {
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** packets received in a second; packets/s; default 2000 */
    packets?: number;
    /** buffers of one page in flight; buffers; default 4096 */
    smallBuffers?: number;
    /** buffers of order 3 (32 KiB) in flight; one page on machines with larger pages; buffers; default 512 */
    largeBuffers?: number;
    /** packets that take a buffer of order 3; share; default 0.25 */
    large?: number;
    /** open connections; sockets; default 2000 */
    connections?: number;
  };
  /** database with a large shared region. One shared region (SGA) is allocated at the start and held for good, in single pages or in huge pages, pinned for RDMA if asked for; sessions connect and leave, each with page tables for the part of the region it uses, memory of its own, and log pages. */
  database: {
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** memory that the shared region takes; share; default 0.4 */
    sga?: number;
    /** what the region is made of; name; default "shmem" */
    backing?: string;
    /** pinned for long, page by page (only shmem; hugetlb does not move anyway); yes/no; default false */
    pinned?: boolean;
    /** sessions at a time; processes; default 50 */
    sessions?: number;
    /** mean time of a session; time; default "10 minutes" */
    session?: string;
    /** mean memory of its own of a session; size; default "4MiB" */
    pga?: string;
    /** part of the region that a session maps; share; default 0.1 */
    touched?: number;
    /** log pages written for each page of a session; share; default 0.05 */
    log?: number;
  };
  /** camera and video bursts. A small board takes bursts of frames: buffers in user space for the time of a burst, files recorded through the page cache, which fills memory (and CMA areas) between bursts. */
  camera: {
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** bursts in an hour; bursts/h; default 30 */
    bursts?: number;
    /** mean frames of a burst (5 s at 30 a second); frames; default 150 */
    frames?: number;
    /** one raw frame (1080p, 12 bits a pixel); size; default "3MiB" */
    frame?: string;
    /** frame buffers in user space during a burst; frames; default 6 */
    buffers?: number;
    /** size of a recorded frame against a raw one; share; default 0.05 */
    compressed?: number;
    /** memory that recorded files take before the oldest are deleted; share; default 0.5 */
    kept?: number;
  };
  /** desktop with browsers. Tabs are processes that come and go; part of their heaps asks for huge pages (madvise), the rest is single pages; surfaces are shared with the display; programs, profiles and caches go through the page cache. */
  desktop: {
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** tabs open at a time; tabs; default 10 */
    tabs?: number;
    /** mean memory of a tab; size; default "50MiB" */
    tab?: string;
    /** mean time a tab stays open; time; default "20 minutes" */
    life?: string;
    /** pieces of a heap that ask for huge pages; share; default 0.3 */
    huge?: number;
    /** pages shared with the display for each page of a heap; share; default 0.1 */
    graphics?: number;
    /** programs, profiles and caches on disk; size; default "4GiB" */
    files?: string;
  };
  /** container churn. Containers start and end; each forks many short processes, whose kernel stacks and page tables are unmovable and die young; image layers fill the page cache, kernel objects of a container live in slab. */
  containers: {
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** containers running at a time; containers; default 10 */
    containers?: number;
    /** mean time a container runs; time; default "5 minutes" */
    life?: string;
    /** mean memory of a container's first process; size; default "32MiB" */
    rss?: string;
    /** short processes a container runs; processes; default 50 */
    forks?: number;
    /** mean memory of a short process; size; default "1MiB" */
    child?: string;
    /** image layers on disk; size; default "2GiB" */
    images?: string;
  };
  /** slab growth (updatedb). A walk over the file system makes a dentry and an inode for each file; they spread over memory as reclaimable slab of orders 0 and 3 and stay; reclaim destroys objects, but a slab goes only with its last one. */
  slabGrowth: {
    /** how long it lasts; "endless": until stopped; time; default "10 minutes" */
    duration?: string;
    /** files found in a second; files/s; default 1000 */
    files?: number;
    /** memory that dentries and inodes take before new ones replace old ones; share; default 0.15 */
    most?: number;
    /** files deleted for each file found; share; default 0.05 */
    deleted?: number;
  };
  /** long uptime. A machine does what its profile says, day and night, for as long as asked. The loads share a budget of pages a simulated day; on the first day memory fills. What runs at the end stays in memory. */
  uptime: {
    /** how long it lasts; "endless": until stopped; time; default "30 days" */
    duration?: string;
    /** what the machine does; name; default "server" */
    profile?: string;
    /** how busy it is against the budget of the model; factor; default 1 */
    intensity?: number;
  };
  /** ageing to a target. As uptime, but it ends, and the clock with it, as soon as the targets that were set are reached, and after the longest time allowed in any case. */
  age: {
    /** how long at most; time; default "90 days" */
    most?: string;
    /** share of memory in use at which it ends; 0: no such target; share; default 0 */
    untilOccupancy?: number;
    /** unusable free index of the order at which it ends; 0: no such target; share; default 0 */
    untilUnusable?: number;
    /** order of the index; 0: that of a page block; order; default 0 */
    order?: number;
    /** what the machine does; name; default "server" */
    profile?: string;
    /** how busy it is against the budget of the model; factor; default 1 */
    intensity?: number;
  };
  /** a given mix of pages. Puts a machine together that has the given shares of movable, reclaimable, unmovable and free memory, and the given share of page blocks with pages that do not move. fitSnapshot() makes one of a recorded snapshot. */
  mix: {
    /** how long it lasts; "endless": until stopped; time; default "1s" */
    duration?: string;
    /** memory in movable pages; share; default 0.6 */
    movable?: number;
    /** memory in reclaimable slab; share; default 0.03 */
    reclaimable?: number;
    /** memory in other pages that do not move; the kernel's own since boot count; share; default 0.05 */
    unmovable?: number;
    /** page blocks that hold a page which does not move; those of the boot count; share; default 0.2 */
    polluted?: number;
    /** movable pages that are clean page cache, the others being anonymous; share; default 0.5 */
    pageCache?: number;
  };
  /** Gupta's fragmenter. Fills all of memory with movable pages, reserves included, then frees a share of the pages of each aligned chunk at random places, at least one page of each kept: free memory abounds, none of it is a whole chunk, and compaction can mend it. */
  fragmenter: {
    /** how long it lasts; "endless": until stopped; time; default "1s" */
    duration?: string;
    /** pages of each chunk that are freed; share; default 0.75 */
    freed?: number;
    /** order of a chunk; 0: a page block (2 MiB on x86-64); order; default 0 */
    chunkOrder?: number;
  };
  /** unmovable pages scattered at rate p. Every page block outside CMA areas is hit with probability p and then holds one unmovable page at a random place; a block that holds one already gets no second. So k blocks in a row are all free of them with probability (1 − p)^k. */
  scatterUnmovable: {
    /** how long it lasts; "endless": until stopped; time; default "1s" */
    duration?: string;
    /** probability that a page block is hit; share; default 0.05 */
    share?: number;
  };
  /** pinned pages at rate q. Each movable page in use is pinned with probability q: short pins end after a moment and others take their place, long ones stay until the page is freed. A long-term pin leaves CMA areas and ZONE_MOVABLE first, as since 5.2. */
  pinPages: {
    /** how long it lasts; "endless": until stopped; time; default "1 minute" */
    duration?: string;
    /** probability that a movable page is pinned; share; default 0.01 */
    share?: number;
    /** how long a pin lasts; name; default "short" */
    term?: string;
    /** how long a short pin lasts; time; default "1s" */
    hold?: string;
  };
  /** a recorded trace. The allocations and frees of a recording, in their order and at an even rate, on the machine of the plan. Movable requests become anonymous memory (zeroed or larger than a page) or page cache, others slab of their mobility. */
  recordedTrace: {
    /** folder with the recording (trace.txt, plain or packed); folder; default "" */
    path?: string;
    /** SHA-256 of the unpacked trace: the plan's result hangs on it; hash; default "" */
    sha256?: string;
    /** how long it lasts; "endless": until stopped; time; default "1 hour" */
    duration?: string;
    /** allocations and frees in a second; events/s; default 10000 */
    rate?: number;
  };
}

/** Parameters of every strategy, by its name in camel case. */
export interface StrategyParameters {
  /** no CMA (buddy allocator only). alloc_pages() with as large an order as the request needs, trying hard (__GFP_RETRY_MAYFAIL). Nothing is reserved, nothing is promised: the answer hangs on what is free, and ends at the largest buddy order. To configure: nothing. */
  buddy: Record<never, never>;
  /** CMA area. An area reserved at boot whose page blocks ordinary movable memory may use until a driver asks; then its contents are moved out of the way. Needs page blocks, reclaim and compaction's migration to work. To configure: cma= on the kernel command line, or a reserved-memory node of the device tree; CONFIG_CMA. */
  cma: {
    /** default "auto" */
    area?: string;
    /** default "native" */
    pageSize?: string;
  };
  /** CMA on a 4 KB kernel. The same area on a kernel with pages of 4 KiB, whose page block is 2 MiB: alignment costs next to nothing. The article's second work-around; for a distribution with 64 KB pages it means a second kernel. To configure: a kernel built with 4 KiB pages; cma= on its command line; CONFIG_CMA. */
  cma4k: {
    /** default "auto" */
    area?: string;
    /** default "4K" */
    pageSize?: string;
  };
  /** two kernels, one a page size. A distribution ships two builds and each board boots the one that serves it: the larger page where the CMA area it makes is not wasteful, else the smaller. fleet() evaluates this for many boards, with what has to be built and shipped. To configure: two kernel packages in the distribution, the right one on each board; cma= on its command line. */
  twoKernels: {
    /** default "auto" */
    area?: string;
    /** default "64K,4K" */
    builds?: string;
    /** default 0.05 */
    wasteShare?: number;
  };
  /** page size chosen at boot. One kernel that chooses its page size from the memory it finds, Wilcox's suggestion in the session. Modelled as booting the build with the page size that a rule gives: the largest whose page block is at most 1/share of the memory. What a kernel pays for keeping the page size in a variable is not modelled. To configure: nothing, in a kernel that could do it; cma= as usual. */
  pageSizeAtBoot: {
    /** default "auto" */
    area?: string;
    /** default 64 */
    share?: number;
  };
  /** CMA on ZONE_MOVABLE. The area is a zone of its own for movable memory, so that watermarks, free counts and reclaim know by themselves that unmovable requests cannot use it: the accounting problems of CMA go away. The alignment does not: isolation stays by page block. Merged during the 4.17 cycle and reverted before its end. With `design` 2018 the area is that of cma= and its frames belong to ZONE_MOVABLE, whose span overlaps the zone below. With `movablecore` it is the option of today: a ZONE_MOVABLE of the area's size at the top of memory, where a device with a short mask does not reach it, from which requests take ranges first fit, as cma_alloc() does. To configure: 2018: CONFIG_CMA and cma= on a kernel with the series; movablecore: movablecore= on the command line, and a driver that takes ranges of ZONE_MOVABLE. */
  cmaMovableZone: {
    /** default "auto" */
    area?: string;
    /** default "auto" */
    design?: string;
  };
  /** smaller page blocks. CONFIG_PAGE_BLOCK_MAX_ORDER makes page blocks smaller than a huge page, and with them the alignment of CMA. The session thought it the cleanest short-term fix, at a price in huge pages: memory is grouped by mobility in smaller pieces, so that fewer whole huge pages stay free of unmovable ones. That price is measured by the huge pages left and by a probe that asks for some. To configure: a kernel since 6.16 built with CONFIG_PAGE_BLOCK_MAX_ORDER; cma= on its command line. */
  smallPageblocks: {
    /** default "auto" */
    area?: string;
    /** default "2M" */
    pageBlock?: string;
  };
  /** isolation below the page block (hypothetical). Hocko's remark taken at its word: the page block is a software construct, so a CMA area is aligned only to a small unit. Hypothetical: no kernel has it. Modelled on 6.19's engine by making the unit of typing, isolation and grouping as small as `unit`. A kernel that kept grouping at huge-page size and only isolated smaller would lose fewer huge pages than this shows: the price here is an upper bound. To configure: a kernel that does not exist; cma= on its command line. */
  subBlock: {
    /** default "auto" */
    area?: string;
    /** default "4M" */
    unit?: string;
  };
  /** static carve-out. A range reserved at boot and kept for the device: every request up to its size is granted at once, whatever else the machine does, and what is not requested lies idle. What CMA was invented to replace. Modelled: the range is taken from the running allocator before anything else runs, top down as memblock does; zones' managed pages and watermarks stay as they were. To configure: a reserved-memory node with no-map or without `reusable`, memmap= or mem= on the command line. */
  carveOut: {
    /** default "auto" */
    area?: string;
  };
  /** higher-order page reservations. Lameter's proposal of 2018: the page allocator keeps a number of pages of an order whole instead of splitting the last ones for smaller requests, so that drivers, slab and jumbo frames find them after long uptimes. Serves up to the largest buddy order and no further: 2 GB need another way, or a larger MAX_ORDER. Modelled: the stock is taken out of the free lists at boot, served from, and refilled without reclaim whenever it is below its number; the proposal leaves these pages on the free lists, where they count as free. To configure: the number of pages of each order, at boot or at run time; a kernel with the patches. */
  reservation: {
    /** default 2 */
    pages?: number;
  };
  /** guaranteed CMA (clean file pages only). An area set aside at boot serves as a cleancache: when reclaim lets a clean file page go, its contents may be kept there, and nothing can hold a reference to that copy. A request drops the copies in its range, without moving anything and without waiting for anybody. Shipped by Android vendors, posted in 2015 and again in 2025, not merged; a reviewer asked what keeps every such page easy to drop. Modelled: the area holds the last file pages reclaimed, first in first out; a request pays for each copy it drops. Reads that a kept copy would have saved are not credited. To configure: a kernel with the patches, and the area on its command line or in the device tree. */
  guaranteedCma: {
    /** default "auto" */
    area?: string;
  };
  /** hugetlbfs, gigantic pages at run time. nr_hugepages of the gigantic size is raised when the memory is needed; each page is a range that is searched and emptied. For 2 GB two pages of 1 GB must come out adjacent: the search goes upwards through the zones, so neighbours are likely where memory is clean. The commit that allowed it says that such ranges vanish with uptime. To configure: the right to write a node's nr_hugepages, a mount of hugetlbfs; vm.hugetlb_shm_group or CAP_IPC_LOCK for SHM_HUGETLB. */
  hugetlbRuntime: {
    /** default "auto" */
    pageBytes?: string;
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
    /** default "shared" */
    mapping?: string;
    /** default 2 */
    extraPages?: number;
  };
  /** hugetlbfs, gigantic pages at boot. hugepagesz= and hugepages= take gigantic pages from memblock, where everything is still in one piece: adjacent, certain, and idle until somebody maps them. Nothing else can use them. To configure: hugepagesz=1G hugepages=N on the command line, a mount of hugetlbfs; vm.hugetlb_shm_group or CAP_IPC_LOCK for SHM_HUGETLB. */
  hugetlbBoot: {
    /** default "auto" */
    pageBytes?: string;
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
    /** default "shared" */
    mapping?: string;
    /** default "auto" */
    pages?: string;
  };
  /** mmap(MAP_CONTIG) (2017 RFC). Any process asks mmap() for an anonymous mapping whose pages are physically contiguous: it is populated at once, locked in memory, cannot grow, and fails as a whole. Rejected because it hands user space control over how memory is laid out. Modelled as the search of alloc_contig_pages() in the zones of movable user memory, with the limits of mlock() checked first, over all mappings that the process holds. To configure: a kernel with the patches; RLIMIT_MEMLOCK or CAP_IPC_LOCK for the process. */
  mapContig: {
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
    /** default "private" */
    mapping?: string;
  };
  /** find_alloc_contig_pages() (2018 RFC). Kravetz's proposal of 2018: a driver that registers a user's buffer asks for the range itself, by the method of hugetlbfs. As the article tells it the memory comes from the movable zone, where there is one: easy to empty, but a buffer held there for long breaks what that zone is for. Modelled as the search of the merged form with movable memory's zones, or with the device's. To configure: a kernel with the patches; CONFIG_MIGRATION. */
  findAllocContig: {
    /** default "movable" */
    zone?: string;
  };
  /** alloc_contig_pages(). The search for a range that can be emptied, moved from hugetlbfs to the page allocator: zone by zone, in steps of the size, the first range without anything unmovable is emptied by migration and taken. What the session wished for; its users are gigantic pages and a few drivers. Nothing is reserved and nothing promised; with one unmovable page in each range it fails however much is free. To configure: CONFIG_CONTIG_ALLOC. */
  allocContigPages: Record<never, never>;
  /** reserved at boot (memmap=, device-dax). memmap=nn!ss hands a range to the pmem driver, device-dax gives it to processes as a character device, mapped with pages of 2 MiB or 1 GiB as its alignment allows: contiguous for the adapter and in 2 MiB pages for the CPU, which no interface of the page allocator offers. The price is memory that nothing else can use. Modelled as a carve-out. To configure: memmap=nn!ss on the command line, ndctl create-namespace --mode=devdax --align 2M; rights on /dev/dax. */
  bootReserve: {
    /** default "auto" */
    area?: string;
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
  };
  /** hugetlb_cma. An area set aside at boot in which only movable memory lives meanwhile; gigantic pages are made of it when the pool grows, and elsewhere when it is full. The commit that brought it says why: after some uptime the chance of a gigabyte elsewhere is near zero. Of little use to RDMA: since 5.13 its pages cannot be pinned for long, because they lie in a CMA area and move only to free pages of the pool that lie elsewhere; none is made for that. From 5.7 to 5.12 they were pinned where they lie. To configure: hugetlb_cma= on the command line; CONFIG_CMA; nr_hugepages later. */
  hugetlbCma: {
    /** default "auto" */
    pageBytes?: string;
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
    /** default "shared" */
    mapping?: string;
    /** default "auto" */
    area?: string;
  };
  /** huge pages that happen to be adjacent. The process maps ordinary memory, asks for transparent huge pages, and registers what it got: the driver joins pages that lie next to each other, and the adapter uses the largest page size that the pieces allow. No promise, no privilege, no kernel change. Taking some pages more than needed and keeping those in the longest runs helps. To configure: transparent_hugepage=madvise or always. */
  adjacentThp: {
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
    /** default 0.1 */
    extraShare?: number;
    /** default false */
    contiguous?: boolean;
    /** default "private" */
    mapping?: string;
  };
  /** IOMMU or on-demand paging. The device sees one contiguous range of bus addresses, the memory behind it lies in pieces: an IOMMU translates. Or the adapter itself faults pages in (on-demand paging), and nothing is pinned. What the Pi 5's codecs do, and why its CMA default shrank. The adapter still needs an entry for each of its pages; with an IOMMU one large entry in the adapter is walked in the IOMMU's tables instead. Modelled: `iommu` takes pieces as large as can be had without waiting, as iommu_dma_alloc() does; `odp` faults in movable single pages. To configure: an IOMMU, switched on and not in passthrough mode; or an adapter with ODP (ConnectX-4 and later) and a registration that asks for it. */
  iommu: {
    /** default "unlimited" */
    memlock?: string;
    /** default false */
    capIpcLock?: boolean;
    /** default "iommu" */
    mode?: string;
    /** default "auto" */
    largestPiece?: string;
  };
  /** cache pseudo-locking (kzalloc). resctrl takes a contiguous region of the size of the cache ways to lock, loads it into the cache and keeps it there. Its memory comes from kzalloc(), which ends at the largest buddy page; larger regions were to come from a contiguous allocation, which was never merged. `method` compares the two. To configure: an Intel processor with CAT, resctrl mounted, a schemata of mode pseudo-locksetup. */
  pseudoLock: {
    /** default "kzalloc" */
    method?: string;
  };
}
