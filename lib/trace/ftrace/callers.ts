/** By whom: the function that asked the allocator, by the call chains of a trace. */

/** Functions on the way from a caller into the page allocator, the slab allocator or CMA. */
const WITHIN =
  /^(?:_{0,4}(?:alloc_(?:pages?|frozen|page_|folio|slab|contig|skb)|folio_alloc|vma_alloc|get_free_pages|get_zeroed_page|get_page_from_freelist|rmqueue|perf_trace|trace_event|traceiter|bpf_trace|ftrace|perf_(?:tp|event)|kmalloc|kmem_cache_alloc|slab_alloc|new_slab|allocate_slab|cache_(?:alloc|grow)|do_kmalloc|kvmalloc|free_(?:pages?|unref|frozen|the_page|one_page|contig|hot_cold)|cma_(?:alloc|release)|dma_alloc_(?:from_contiguous|contiguous)|dma_(?:direct_alloc|alloc_attrs)|page_frag)|\[unknown\])/;

/** The innermost function of a chain that is no part of the allocator; the outermost if all are. */
export function callerOf(chain: readonly string[]): string {
  return chain.find((name) => !WITHIN.test(name)) ?? chain.at(-1) ?? "";
}
