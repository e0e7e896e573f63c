// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One zone of a snapshot: its fields, page blocks, ordered free lists and the class of every frame. */
#include "recorder.h"

int block_flags(unsigned long pfn)
{
	struct mem_section *section = __pfn_to_section(pfn);
	unsigned long bit = ((pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order) * NR_PAGEBLOCK_BITS;

	return (section->usage->pageblock_flags[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG)) &
	       ((1 << NR_PAGEBLOCK_BITS) - 1);
}

int block_type(int flags)
{
#ifdef CONFIG_MEMORY_ISOLATION
	if (flags & BLOCK_ISOLATED)
		return MIGRATE_ISOLATE;
#endif
	return flags & BLOCK_TYPE_MASK;
}

/* A block's type and skip bit, or -1 where the zone has no frame. */
static int block_of(struct zone *zone, unsigned long start)
{
	unsigned long pfn, end = min(start + pageblock_nr_pages, zone_end_pfn(zone));

	for (pfn = max(start, zone->zone_start_pfn); pfn < end; pfn++)
		if (pfn_valid(pfn))
			return block_flags(pfn);
	return -1;
}

static void say_run(struct text *t, unsigned long from, unsigned long n, int flags)
{
	if (flags < 0)
		say(t, "pb %lu %lu hole 0", from, n);
	else
		say(t, "pb %lu %lu %d %d", from, n, block_type(flags), flags & BLOCK_SKIP ? 1 : 0);
	if (flags >= 0 && flags & BLOCK_ISOLATED)
		say(t, " under=%d", flags & BLOCK_TYPE_MASK);
	say(t, "\n");
}

static void say_blocks(struct text *t, struct zone *zone)
{
	unsigned long pfn = ALIGN_DOWN(zone->zone_start_pfn, pageblock_nr_pages), from = pfn, n = 0;
	int flags = 0;

	for (; pfn < zone_end_pfn(zone); pfn += pageblock_nr_pages) {
		int now = block_of(zone, pfn);

		if (n && now != flags) {
			say_run(t, from, n, flags);
			from = pfn;
			n = 0;
		}
		flags = now;
		n++;
	}
	say_run(t, from, n, flags);
}

static void say_lists(struct text *t, struct zone *zone)
{
	struct page *page;
	int order, type;

	for (order = 0; order < ORDERS; order++) {
		struct free_area *area = &zone->free_area[order];

		say(t, "area %d nr_free=%lu\n", order, area->nr_free);
		for (type = 0; type < MIGRATE_TYPES; type++) {
			unsigned long n = list_count_nodes(&area->free_list[type]);

			if (!n)
				continue;
			say(t, "free %d %d %lu :", order, type, n);
			list_for_each_entry(page, &area->free_list[type], buddy_list)
				say_number(t, page_to_pfn(page));
			say(t, "\n");
		}
	}
}

static bool movable_by_driver(struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return page_has_movable_ops(page);
#else
	return __PageMovable(page);
#endif
}

static int class_of(struct zone *zone, unsigned long pfn)
{
	struct page *page;

	if (!pfn_valid(pfn))
		return 15;
	page = pfn_to_page(pfn);
	if (PageBuddy(page))
		return 8;
	return (PageLRU(page) || movable_by_driver(page)) | !!PageSlab(page) << 1 | !!PageReserved(page) << 2;
}

static void say_classes(struct text *t, struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn, n = 0;
	int class = -1;

	say(t, "class %lu %lu :", pfn, zone->spanned_pages);
	for (; pfn <= zone_end_pfn(zone); pfn++) {
		int now = pfn == zone_end_pfn(zone) ? -1 : class_of(zone, pfn);

		if (now == class) {
			n++;
			continue;
		}
		if (n)
			say(t, " %x%lu", class, n);
		class = now;
		n = 1;
	}
	say(t, "\n");
}

static void say_compaction(struct text *t, struct zone *zone)
{
	say(t, "compact_cached_free_pfn=%lu compact_cached_migrate_pfn_async=%lu compact_cached_migrate_pfn_sync=%lu ",
	    zone->compact_cached_free_pfn, zone->compact_cached_migrate_pfn[0],
	    zone->compact_cached_migrate_pfn[ASYNC_AND_SYNC - 1]);
	say(t, "compact_init_migrate_pfn=%lu compact_init_free_pfn=%lu compact_considered=%u compact_defer_shift=%u ",
	    zone->compact_init_migrate_pfn, zone->compact_init_free_pfn, zone->compact_considered,
	    zone->compact_defer_shift);
	say(t, "compact_order_failed=%d ", zone->compact_order_failed);
}

static unsigned long isolated_blocks(struct zone *zone)
{
#ifdef CONFIG_MEMORY_ISOLATION
	return zone->nr_isolate_pageblock;
#else
	return 0;
#endif
}

static void say_fields(struct text *t, struct zone *zone)
{
	int i;

	say(t, "zone %d %s start=%lu spanned=%lu present=%lu managed=%lu ", (int)zone_idx(zone), zone->name,
	    zone->zone_start_pfn, zone->spanned_pages, zone->present_pages, zone_managed_pages(zone));
	say(t, "wmark_min=%lu wmark_low=%lu wmark_high=%lu wmark_promo=%lu watermark_boost=%lu ",
	    zone->_watermark[WMARK_MIN], zone->_watermark[WMARK_LOW], zone->_watermark[WMARK_HIGH],
	    zone->_watermark[WMARK_PROMO], zone->watermark_boost);
	say(t, "nr_reserved_highatomic=%lu lowmem_reserve=", zone->nr_reserved_highatomic);
	for (i = 0; i < MAX_NR_ZONES; i++)
		say(t, "%s%ld", i ? "," : "", zone->lowmem_reserve[i]);
	say(t, " nr_free_pages=%ld nr_free_cma=%ld percpu_drift_mark=%lu flags=%lu nr_isolate_pageblock=%lu ",
	    atomic_long_read(&zone->vm_stat[NR_FREE_PAGES]), atomic_long_read(&zone->vm_stat[NR_FREE_CMA_PAGES]),
	    zone->percpu_drift_mark, zone->flags, isolated_blocks(zone));
	say_compaction(t, zone);
#if TUNED_PCP
	say(t, "pageset_high_min=%d pageset_high_max=%d ", zone->pageset_high_min, zone->pageset_high_max);
#else
	say(t, "pageset_high=%d ", zone->pageset_high);
#endif
	say(t, "pageset_batch=%d ", zone->pageset_batch);
#if TYPES_OF_BLOCKS
	say(t, "nr_free_highatomic=%lu ", zone->nr_free_highatomic);
#endif
	say(t, "cma_pages=%lu\n", zone_cma_pages(zone));
}

void say_zone(struct text *t, struct zone *zone)
{
	int cpu;

	say_fields(t, zone);
	say_blocks(t, zone);
	say_lists(t, zone);
	for_each_online_cpu(cpu)
		say_pcp(t, zone, cpu);
	say_classes(t, zone);
}
