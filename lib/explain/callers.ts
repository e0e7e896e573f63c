/**
 * Well-known callers of the page allocator by the names of their functions. What is said of a failure is what these
 * callers do about it in mainline.
 */

/** A well-known caller. */
export interface Caller {
  /** Beginnings of function names. */
  functions: readonly string[];
  /** What it is, for a user. */
  what: string;
  /** What follows a failure, if the caller has a way out; absent if the request's failure is an error for its user. */
  fallback?: string;
  /** The way out are smaller pieces, of which there are none for a request of a single page. */
  smallerOnly?: true;
  /** Functions below which there is no such way out. */
  lostBelow?: readonly string[];
  /** What its developers can do, or have done. */
  advice?: string;
}

/** Known callers; the first that fits counts. */
export const CALLERS: readonly Caller[] = [
  {
    functions: ["dma_common_contiguous_remap", "dma_common_pages_remap"],
    what: "the list of pages of a DMA buffer that is to be mapped (the buffer itself had been found)",
    advice: "kvmalloc_array() for that list, as later kernels do; smaller or fewer buffers make it shorter",
  },
  {
    functions: ["skb_page_frag_refill", "sk_page_frag_refill"],
    what: "network: a socket's send buffer",
    fallback: "the kernel takes single pages instead",
    smallerOnly: true,
  },
  {
    functions: ["alloc_skb_with_frags", "sock_alloc_send_pskb"],
    what: "network: a large packet",
    fallback: "the kernel builds the packet of smaller pieces",
    smallerOnly: true,
  },
  {
    functions: [
      "page_frag_alloc",
      "__page_frag_alloc",
      "__page_frag_cache_refill",
      "__netdev_alloc",
      "__napi_alloc",
      "napi_alloc",
      "netdev_alloc",
      "page_pool_",
      "__page_pool",
    ],
    what: "network: a receive buffer",
    fallback: "a packet is dropped, and protocols send it again",
    advice: "smaller receive buffers (a smaller MTU, or pages instead of large buffers)",
  },
  {
    functions: ["__alloc_skb", "alloc_skb", "skb_clone", "skb_copy", "pskb_copy", "pskb_expand_head"],
    what: "network: a packet",
    fallback: "a packet is dropped, and protocols send it again",
  },
  {
    functions: ["sk_prot_alloc", "sk_clone", "sk_alloc", "inet_csk_clone", "reqsk_alloc"],
    what: "network: a socket for a new connection",
    fallback: "the connection is refused, and the other side tries again",
  },
  {
    functions: ["veth_alloc_queues"],
    what: "network: queues of a veth pair (a container's network)",
    advice: "kvcalloc() for the array of queues, as later kernels do",
  },
  { functions: ["alloc_netdev_mqs", "alloc_netdev"], what: "network: a new network device" },
  {
    functions: ["xt_alloc", "translate_table", "ipt_", "nft_", "nf_"],
    what: "network: firewall rules (netfilter)",
  },
  {
    functions: ["svc_recv", "svc_alloc_arg", "nfsd"],
    what: "the NFS server",
    fallback: "the thread waits and tries again",
  },
  { functions: ["nfs_"], what: "the NFS client" },
  { functions: ["rpc_", "xprt_"], what: "SunRPC" },
  { functions: ["btrfs_"], what: "the file system btrfs" },
  { functions: ["ext4_", "jbd2_"], what: "the file system ext4" },
  { functions: ["xfs_"], what: "the file system XFS" },
  { functions: ["ceph_"], what: "the file system Ceph" },
  { functions: ["zfs_", "spl_", "zio_", "arc_"], what: "ZFS" },
  { functions: ["fuse_"], what: "FUSE" },
  {
    functions: ["elf_core_dump", "do_coredump"],
    what: "a core dump, which is not written then",
  },
  {
    functions: ["proc_sys_", "proc_do", "sysctl_"],
    what: "a file of /proc/sys that somebody reads or writes with a large buffer",
    advice: "a smaller buffer in the program that reads; later kernels use kvzalloc()",
  },
  {
    functions: ["seq_buf_alloc", "seq_read", "single_open_size", "traverse"],
    what: "a file of /proc that is longer than a page",
  },
  {
    functions: [
      "copy_process",
      "dup_task_struct",
      "alloc_thread_stack",
      "_do_fork",
      "do_fork",
      "kernel_clone",
    ],
    what: "fork(): the stack of a new task",
    advice: "CONFIG_VMAP_STACK (4.9), with which a stack needs no contiguous pages",
  },
  { functions: ["alloc_fdtable", "expand_files"], what: "the table of open files of a process" },
  {
    functions: [
      "do_anonymous_page",
      "do_wp_page",
      "wp_page_copy",
      "alloc_anon_folio",
      "do_user_addr_fault",
      "handle_mm_fault",
      "__handle_mm_fault",
      "__do_page_fault",
      "do_page_fault",
      "page_fault",
    ],
    what: "a page of a process's own memory",
  },
  {
    functions: ["do_huge_pmd", "alloc_hugepage", "khugepaged", "collapse_huge_page", "alloc_charge_hpage"],
    what: "a transparent huge page",
    fallback: "the process gets small pages",
  },
  {
    functions: [
      "alloc_pool_huge_page",
      "alloc_fresh_huge_page",
      "alloc_fresh_hugetlb",
      "alloc_buddy_huge",
      "alloc_surplus_huge",
      "only_alloc_fresh",
    ],
    what: "a huge page of the pool (hugetlb)",
    fallback: "the pool stays smaller than asked",
    lostBelow: [
      "alloc_surplus_h",
      "gather_surplus_pages",
      "hugetlb_acct_memory",
      "hugetlb_reserve_pages",
      "hugetlb_fault",
      "hugetlb_no_page",
    ],
  },
  {
    functions: [
      "filemap_fault",
      "page_cache_ra",
      "page_cache_sync_ra",
      "page_cache_async_ra",
      "do_sync_mmap_readahead",
      "__do_page_cache_readahead",
      "ra_alloc_folio",
      "read_pages",
      "force_page_cache",
    ],
    what: "a page of a file to read",
  },
  {
    functions: ["grab_cache_page", "generic_perform_write", "block_write_begin", "iomap_write"],
    what: "a page of a file to write",
  },
  {
    functions: ["pagecache_get_page", "__filemap_get_folio", "find_or_create_page"],
    what: "a page of a file",
  },
  { functions: ["shmem_"], what: "a page of tmpfs or shared memory" },
  {
    functions: ["__read_swap_cache_async", "read_swap_cache_async", "swapin_readahead", "swap_cache_alloc"],
    what: "a page to read from swap or to write back from zswap",
    fallback: "read-ahead and write-back skip the page",
  },
  {
    functions: ["zram_", "zs_malloc", "zs_zpage_alloc", "zspage", "zs_"],
    what: "zram or zswap: a compressed page",
    fallback: "the page is tried again, or stays where it is",
  },
  {
    functions: ["__get_insn_slot", "alloc_insn_page", "arch_prepare_kprobe", "register_kprobe"],
    what: "a kprobe",
  },
  {
    functions: [
      "module_alloc",
      "load_module",
      "execmem_alloc",
      "kernel_read_file",
      "init_module_from_file",
      "move_module",
    ],
    what: "a kernel module that is loaded",
  },
  {
    functions: ["ttm_", "__ttm_pool"],
    what: "graphics memory (TTM)",
    fallback: "the driver takes smaller pieces",
    smallerOnly: true,
  },
  { functions: ["i915_", "__i915", "shmem_get_pages", "shmem_sg_alloc"], what: "the graphics driver i915" },
  { functions: ["drm_gem_", "drm_"], what: "a graphics driver (DRM)" },
  { functions: ["vb2_"], what: "video buffers (videobuf2: camera or codec)" },
  { functions: ["snd_"], what: "sound (ALSA)" },
  { functions: ["ata_", "ahci_"], what: "a disk controller (libata)" },
  { functions: ["nvme_"], what: "an NVMe disk" },
  {
    functions: ["scsi_", "sg_build", "sg_alloc", "bio_copy", "blk_rq_map", "bio_"],
    what: "block I/O: a request to a disk or tape",
  },
  { functions: ["usb_", "xhci_", "ehci_", "proc_do_submiturb", "usbdev_"], what: "USB" },
  {
    functions: ["ffs_"],
    what: "USB gadget (FunctionFS)",
    advice: "smaller transfers, or scatter-gather if the controller can",
  },
  {
    functions: ["binder_"],
    what: "Android's binder",
    advice: "kvcalloc() for its array of pages, as later kernels do",
  },
  {
    functions: ["mtk_"],
    what: "the network chip of a MediaTek SoC",
    advice: "smaller rings, or rings in pieces of one page",
  },
  { functions: ["mlx4_", "mlx5_", "ib_"], what: "an RDMA adapter" },
  { functions: ["key_alloc", "keyring_"], what: "the kernel's keyrings" },
  {
    functions: ["__sigqueue_alloc", "send_signal"],
    what: "a queued signal",
    fallback: "the signal is sent without its details",
  },
  { functions: ["netlink_"], what: "a netlink message", fallback: "the listener misses a message" },
  {
    functions: ["btracker_queue", "smq_"],
    what: "dm-cache: background work",
    fallback: "the work is left for later",
  },
  { functions: ["r5", "raid5_", "raid_", "md_"], what: "software RAID" },
  {
    functions: ["moom_callback"],
    what: "somebody who pressed SysRq-F or wrote f to /proc/sysrq-trigger",
    fallback: "it was asked for by hand",
  },
  { functions: ["alloc_large_system_hash"], what: "a hash table of the kernel at boot" },
  { functions: ["kvm_"], what: "KVM" },
  { functions: ["perf_", "ring_buffer_", "rb_alloc", "tracing_", "trace_"], what: "tracing" },
  { functions: ["bpf_", "__bpf"], what: "BPF" },
  { functions: ["alloc_iova", "iommu_", "intel_iommu", "amd_iommu"], what: "the IOMMU" },
  { functions: ["do_sys_poll", "core_sys_select"], what: "poll() or select() over many files" },
  { functions: ["vmw_", "virtio_", "virtqueue_", "vring_"], what: "a paravirtual device (virtio)" },
];
