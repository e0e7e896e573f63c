// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The kernel's own tracepoints of the allocator, compaction and reclaim. */
#include <linux/tracepoint.h>
#include "recorder.h"

/* The first fields of struct compact_control (mm/internal.h), which no header of the kernel's packages has. */
struct compaction {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	struct list_head freepages[NR_PAGE_ORDERS];
#else
	struct list_head freepages;
#endif
	struct list_head migratepages;
	unsigned int nr_freepages, nr_migratepages;
	unsigned long free_pfn, migrate_pfn;
};

static void alloc(void *none, struct page *page, unsigned int order, gfp_t gfp, int migratetype)
{
	put(REC_ALLOC, page ? page_to_pfn(page) : -1ULL, order, migratetype, (u32)(__force u32)gfp);
}

static void freed(void *none, struct page *page, unsigned int order)
{
	put(REC_FREE, page_to_pfn(page), order);
}

static void freed_batched(void *none, struct page *page)
{
	put(REC_FREE_BATCHED, page_to_pfn(page));
}

static void zone_locked(void *none, struct page *page, unsigned int order, int migratetype, int refill)
{
	put(REC_ZONE_TAKE, page_to_pfn(page), order, migratetype, refill);
}

static void pcpu_drain(void *none, struct page *page, unsigned int order, int migratetype)
{
	put(REC_DRAINED, page_to_pfn(page), order, migratetype);
}

static void extfrag(void *none, struct page *page, int order, int fallback_order, int type, int fallback_type)
{
	unsigned long pfn = page_to_pfn(page);

	put(REC_EXTFRAG, pfn, order, fallback_order, type, fallback_type,
	    block_type(block_flags(pfn)) == type);
}

static void sources(void *none, unsigned long start, unsigned long end, unsigned long scanned, unsigned long taken)
{
	event(EV_COMPACT_SOURCES, start, end, scanned, taken);
}

static void targets(void *none, unsigned long start, unsigned long end, unsigned long scanned, unsigned long taken)
{
	event(EV_COMPACT_TARGETS, start, end, scanned, taken);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
static void migrated(void *none, unsigned int pages, unsigned int succeeded)
{
	event(EV_COMPACT_MIGRATED, succeeded, pages - succeeded);
}
#else
static void migrated(void *none, struct compaction *cc, unsigned int succeeded)
{
	event(EV_COMPACT_MIGRATED, succeeded, cc->nr_migratepages - succeeded);
}
#endif

static void compact_begin(void *none, struct compaction *cc, unsigned long start, unsigned long end, bool sync)
{
	event(EV_COMPACT_BEGIN, start, cc->migrate_pfn, cc->free_pfn, end, sync);
}

static void compact_end(void *none, struct compaction *cc, unsigned long start, unsigned long end, bool sync,
			int status)
{
	event(EV_COMPACT_END, start, cc->migrate_pfn, cc->free_pfn, end, sync, status);
}

static void compact_try(void *none, int order, gfp_t gfp, int priority)
{
	event(EV_COMPACT_TRY, order, (u32)(__force u32)gfp, priority);
}

static void compact_finished(void *none, struct zone *zone, int order, int ret)
{
	event(EV_COMPACT_FINISHED, zone_to_nid(zone), zone_idx(zone), order, ret);
}

static void compact_suitable(void *none, struct zone *zone, int order, int ret)
{
	event(EV_COMPACT_SUITABLE, zone_to_nid(zone), zone_idx(zone), order, ret);
}

static void defer_event(int number, struct zone *zone, int order)
{
	event(number, zone_to_nid(zone), zone_idx(zone), order, zone->compact_considered,
	      zone->compact_defer_shift, zone->compact_order_failed);
}

static void deferred(void *none, struct zone *zone, int order)
{
	defer_event(EV_COMPACT_DEFERRED, zone, order);
}

static void defer_compaction(void *none, struct zone *zone, int order)
{
	defer_event(EV_COMPACT_DEFER, zone, order);
}

static void defer_reset(void *none, struct zone *zone, int order)
{
	defer_event(EV_COMPACT_DEFER_RESET, zone, order);
}

static void kcompactd_sleep(void *none, int nid)
{
	event(EV_KCOMPACTD_SLEEP, nid);
}

static void kcompactd_wake(void *none, int nid, int order, enum zone_type highest)
{
	event(EV_KCOMPACTD_WAKE, nid, order, highest);
}

static void wakeup_kcompactd(void *none, int nid, int order, enum zone_type highest)
{
	event(EV_WAKEUP_KCOMPACTD, nid, order, highest);
}

static void kswapd_sleep(void *none, int nid)
{
	event(EV_KSWAPD_SLEEP, nid);
}

static void kswapd_wake(void *none, int nid, int zid, int order)
{
	event(EV_KSWAPD_WAKE, nid, order, zid);
}

static void kswapd_woken(void *none, int nid, int zid, int order, gfp_t gfp)
{
	event(EV_WAKEUP_KSWAPD, nid, order, zid, (u32)(__force u32)gfp);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
static void reclaim_begin(void *none, gfp_t gfp, int order, void *cgroup)
#else
static void reclaim_begin(void *none, int order, gfp_t gfp)
#endif
{
	event(EV_RECLAIM_BEGIN, order, (u32)(__force u32)gfp);
}

static void reclaim_end(void *none, unsigned long reclaimed)
{
	event(EV_RECLAIM_END, reclaimed);
}

/* The counts of the area were added between 6.1 and 7.3; kernels between them were not looked at. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
static void cma_start(void *none, const char *name, unsigned long n, unsigned long left, unsigned long all,
		      unsigned int align)
#else
static void cma_start(void *none, const char *name, unsigned long n, unsigned int align)
#endif
{
	event(EV_CMA_START, n, align);
}

/* Newer kernels say the error, too. */
static void cma_finish(void *none, const char *name, unsigned long pfn, const struct page *page, unsigned long n)
{
	event(EV_CMA_FINISH, page ? 1 : 0, pfn, n);
}

static void cma_busy(void *none, const char *name, unsigned long pfn, const struct page *page, unsigned long n)
{
	event(EV_CMA_BUSY, pfn, n);
}

static void cma_released(void *none, const char *name, unsigned long pfn, const struct page *page, unsigned long n)
{
	event(EV_CMA_RELEASE, pfn, n);
}

static void tested(void *none, unsigned long start, unsigned long end, unsigned long fin)
{
	event(EV_TESTED, start, end, fin);
}

static struct hook {
	const char *name;
	void *function;
	bool needed;
	struct tracepoint *tracepoint;
} hooks[] = {
	{ "mm_page_alloc", alloc, true },
	{ "mm_page_free", freed, true },
	{ "mm_page_free_batched", freed_batched },
	{ "mm_page_alloc_zone_locked", zone_locked, true },
	{ "mm_page_pcpu_drain", pcpu_drain, true },
	{ "mm_page_alloc_extfrag", extfrag, true },
	{ "mm_compaction_isolate_migratepages", sources },
	{ "mm_compaction_isolate_freepages", targets },
	{ "mm_compaction_migratepages", migrated },
	{ "mm_compaction_begin", compact_begin },
	{ "mm_compaction_end", compact_end },
	{ "mm_compaction_try_to_compact_pages", compact_try },
	{ "mm_compaction_finished", compact_finished },
	{ "mm_compaction_suitable", compact_suitable },
	{ "mm_compaction_deferred", deferred },
	{ "mm_compaction_defer_compaction", defer_compaction },
	{ "mm_compaction_defer_reset", defer_reset },
	{ "mm_compaction_kcompactd_sleep", kcompactd_sleep },
	{ "mm_compaction_kcompactd_wake", kcompactd_wake },
	{ "mm_compaction_wakeup_kcompactd", wakeup_kcompactd },
	{ "mm_vmscan_kswapd_sleep", kswapd_sleep },
	{ "mm_vmscan_kswapd_wake", kswapd_wake },
	{ "mm_vmscan_wakeup_kswapd", kswapd_woken },
	{ "mm_vmscan_direct_reclaim_begin", reclaim_begin },
	{ "mm_vmscan_direct_reclaim_end", reclaim_end },
	{ "cma_alloc_start", cma_start },
	{ "cma_alloc_finish", cma_finish },
	{ "cma_alloc_busy_retry", cma_busy },
	{ "cma_release", cma_released },
	{ "test_pages_isolated", tested },
};

static void find(struct tracepoint *tracepoint, void *none)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (strcmp(tracepoint->name, hooks[i].name) == 0)
			hooks[i].tracepoint = tracepoint;
}

int events_begin(void)
{
	int i, ret = 0;

	for_each_kernel_tracepoint(find, NULL);
	for (i = 0; i < ARRAY_SIZE(hooks) && !ret; i++) {
		struct hook *hook = &hooks[i];

		if (!hook->tracepoint) {
			pr_info("pageblock: no tracepoint %s\n", hook->name);
			ret = hook->needed ? -EOPNOTSUPP : 0;
		} else if (tracepoint_probe_register(hook->tracepoint, hook->function, NULL)) {
			hook->tracepoint = NULL;
			ret = -EOPNOTSUPP;
		}
	}
	if (ret)
		events_end();
	return ret;
}

void events_end(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].tracepoint)
			tracepoint_probe_unregister(hooks[i].tracepoint, hooks[i].function, NULL);
	tracepoint_synchronize_unregister();
}
