/** What people posted: the machine's own words, as excerpts; names of hosts and people are replaced. */

export const PI_4_CMA_512 = `[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma': size 512 MiB
[    0.000000] cma: Reserved 5 MiB at 0x000000003ac00000
[    3.840537] vc4-drm gpu: [drm] *ERROR* fbdev: Failed to setup emulation (ret=-12)
[    3.893754] vc4-drm gpu: [drm] *ERROR* fbdev: Failed to setup emulation (ret=-12)
CmaTotal: 8192 kB
CmaFree: 0 kB
`;

export const CM4_CMA_64 = `[    0.000000] Reserved memory: created CMA memory pool at 0x000000002ac00000, size 64 MiB
[    1.054415] cma: __cma_alloc: linux,cma: alloc failed, req-size: 4 pages, ret: -12
[    1.054432] cma: number of available pages: => 0 free of 16384 total pages
[    1.054460] cma: __cma_alloc: linux,cma: alloc failed, req-size: 16 pages, ret: -12
[    1.054470] cma: number of available pages: => 0 free of 16384 total pages
[    3.129110] cma: __cma_alloc: linux,cma: alloc failed, req-size: 256 pages, ret: -12
CmaTotal:          65536 kB
CmaFree:              68 kB
`;

export const PI_4_CMA_TORN = `May 16 08:57:19 host kernel: Node 0 active_anon:1044660kB inactive_anon:32404kB active_file:1152904kB inactive_file:537456kB unevictable:288960kB isolated(a>
May 16 08:57:19 host kernel: DMA free:111040kB boost:0kB min:3728kB low:4660kB high:5592kB reserved_highatomic:0KB active_anon:183792kB inactive_anon:4kB ac>
May 16 08:57:19 host kernel: lowmem_reserve[]: 0 2928 2928 2928
May 16 08:57:19 host kernel: DMA: 1611*4kB (UMEC) 1072*8kB (UMEC) 544*16kB (UMEC) 394*32kB (UMEC) 189*64kB (UMEC) 130*128kB (UMC) 66*256kB (UMEC) 25*512kB (>
May 16 08:57:19 host kernel: 515690 total pagecache pages
May 16 08:57:19 host kernel: 0 pages in swap cache
May 16 08:57:19 host kernel: Free swap  = 0kB
May 16 08:57:19 host kernel: Total swap = 0kB
May 16 08:57:19 host kernel: 1012736 pages RAM
May 16 08:57:19 host kernel: 0 pages HighMem/MovableOnly
May 16 08:57:19 host kernel: 41971 pages reserved
May 16 08:57:19 host kernel: 131072 pages cma reserved
May 16 08:57:19 host kernel: bcm2835-codec bcm2835-codec: dma alloc of size 4194304 failed
May 16 08:57:31 host kernel: cma: cma_alloc: linux,cma: alloc failed, req-size: 1024 pages, ret: -12
May 16 08:57:31 host kernel: cma: cma_alloc: linux,cma: alloc failed, req-size: 1024 pages, ret: -12
May 25 22:40:57 host kernel: cma_alloc: 105 callbacks suppressed
`;

export const PI_4_32_BIT = `[   16.929866]  mapped:5636 shmem:182 pagetables:211
[   16.929866]  sec_pagetables:0 bounce:0
[   16.929866]  kernel_misc_reclaimable:0
[   16.929866]  free:1995964 free_pcp:0 free_cma:129151
[   16.969487] Node 0 active_anon:11296kB inactive_anon:772kB active_file:31608kB inactive_file:11156kB unevictable:0kB isolated(anon):0kB isolated(file):0kB mapped:22544kB dirty:1296kB writeback:0kB shmem:728kB writeback_tmp:0kB kernel_stack:1184kB pagetables:844kB sec_pagetables:0kB all_unreclaimable? yes
[   16.996845] DMA free:582004kB boost:0kB min:65536kB low:81920kB high:98304kB reserved_highatomic:0KB active_anon:0kB inactive_anon:0kB active_file:832kB inactive_file:4004kB unevictable:0kB writepending:536kB present:786432kB managed:627004kB mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:516604kB
[   17.024646] lowmem_reserve[]: 0 0 7284 7284
[   17.028912] DMA: 59*4kB (UMEC) 62*8kB (UMEC) 24*16kB (UMEC) 29*32kB (UMEC) 19*64kB (UMEC) 10*128kB (MC) 8*256kB (UMC) 10*512kB (UMC) 7*1024kB (UMC) 5*2048kB (UMEC) 135*4096kB (MC) = 582076kB
[   17.046202] 10873 total pagecache pages
[   17.050099] 0 pages in swap cache
[   17.053458] Free swap  = 0kB
[   17.056376] Total swap = 0kB
[   17.059303] 2061312 pages RAM
[   17.062310] 1864704 pages HighMem/MovableOnly
[   17.066727] 39857 pages reserved
[   17.070007] 131072 pages cma reserved
`;

export const ZYNQMP_2_GIB = `   memory {
       reg = <0x0 0x0 0x0 0x80000000>, <0x00000008 0x0 0x0 0x80000000>;
   };
   image_buf0: image_buf@0 {
       compatible = "shared-dma-pool";
       reusable;
       reg = <0x00000008 0x0 0x0 0x80000000>;
       alignment = <0x0 0x1000>;
   };
   udmabuf@0 { size = <0x80000000>; dma-coherent; memory-region = <&image_buf0>; dma-mask = <64>; };
[   29.126201] u_dma_buf: loading out-of-tree module taints kernel.
[   29.134407] u-dma-buf udmabuf@0: assigned reserved memory node image_buf@0
[   29.212638] cma: cma_alloc: alloc failed, req-size: 524288 pages, ret: -16
[   29.219538] cma: number of available pages: 524288@0=> 524288 free of 524288 total pages
[   29.227691] ------------[ cut here ]------------
`;

export const ZCU106_2048 = `ZCU106, petalinux 2018.2. Reserving 1900MB works fine. With 2048MB or more:
cma: Failed to reserve 2048MiB
`;

export const ORIN_246 = `Jul 10 16:36:36 host kernel: nvgpu: 17000000.gpu               nvgpu_dma_print_err:101  [INFO]  DMA alloc FAILED: [sysmem] size=257490944 aligned=257490944 flags:PHYSICALLY_ADDRESSED
Jul 10 16:36:36 host kernel: nvgpu: 17000000.gpu            nvgpu_cbc_init_support:91   [ERR]  Failed to allocate comptags
Jul 10 16:36:36 host kernel[851]: [   13.879784] cma: cma_alloc: linux,cma: alloc failed, req-size: 62864 pages, ret: -12
`;

export const VETH_ORDER_5 = `[906739.889741] dockerd: page allocation failure: order:5, mode:0x440dc0(GFP_KERNEL_ACCOUNT|__GFP_COMP|__GFP_ZERO), nodemask=(null),cpuset=docker.service,mems_allowed=0
[906739.889765] CPU: 52 PID: 1207114 Comm: dockerd Tainted: P           OE      6.5.0-15-generic #15~22.04.1-Ubuntu
--- a second reporter of the thread:
[2548650.549225] warn_alloc: 1 callbacks suppressed
[2548650.549228] dockerd: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO), nodemask=(null),cpuset=docker.service,mems_allowed=0
[2548650.549236] CPU: 8 PID: 3830513 Comm: dockerd Tainted: P           O      5.15.0-91-generic #101-Ubuntu
[2548650.549263]  __alloc_pages_slowpath.constprop.0+0xa44/0xa80
[2548650.549270]  kmalloc_order+0x2f/0xd0
[2548650.549279]  veth_alloc_queues+0x25/0x80 [veth]
`;

export const ROUTER_ORDER_10 = `[ 3011.709726] systemd-network: page allocation failure: order:10, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO), nodemask=(null)
[ 3011.725868] CPU: 3 UID: 101 PID: 4191 Comm: systemd-network Not tainted 6.12.39 #8
[ 3011.725931] Hardware name: MT7621DAT
--- the same SoC and memory, 5.4, another thread (complete Mem-Info):
[57487.538722] active_anon:629 inactive_anon:3 isolated_anon:0
[57487.538722]  active_file:45 inactive_file:123 isolated_file:20
[57487.538722]  slab_reclaimable:533 slab_unreclaimable:3068
[57487.538722]  free:4189 free_pcp:30 free_cma:0
[57487.592802] Normal free:16756kB min:16384kB low:20480kB high:24576kB active_anon:2516kB inactive_anon:12kB active_file:400kB inactive_file:116kB unevictable:0kB writepending:0kB present:131072kB managed:122228kB mlocked:0kB kernel_stack:640kB pagetables:248kB bounce:0kB free_pcp:60kB local_pcp:0kB free_cma:0kB
[57487.620262] lowmem_reserve[]: 0 0 0
[57487.623764] Normal: 114*4kB (UME) 288*8kB (UME) 125*16kB (UME) 53*32kB (UME) 28*64kB (UM) 15*128kB (ME) 4*256kB (UM) 4*512kB (UM) 3*1024kB (UME) 0*2048kB 0*4096kB = 16312kB
`;

export const SPDK_4096 = `# ./scripts/setup.sh
## ERROR: requested 4096 hugepages but only 3738 could be allocated.
## Memory might be heavily fragmented. Please try flushing the system cache, or reboot the machine.
--- later report: ## ERROR: requested 4096 hugepages but 3402 could be allocated on node0.
`;
