// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One zone of a snapshot: its fields, page blocks, ordered lists and the class of every frame. */
#include "recorder.h"

int block_flags(unsigned long pfn)
{
	struct mem_section *section = __pfn_to_section(pfn);
	unsigned long bit = ((pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order) * NR_PAGEBLOCK_BITS;

	return (section->usage->pageblock_flags[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG)) &
	       ((1 << NR_PAGEBLOCK_BITS) - 1);
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
		say(t, "pb %lu %lu hole 0\n", from, n);
	else
		say(t, "pb %lu %lu %d %d\n", from, n, flags & TYPE_MASK, flags >> PB_migrate_skip & 1);
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

	for (order = 0; order < MAX_ORDER; order++) {
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

static void say_pcp_list(struct text *t, struct list_head *list, int index)
{
	/* Lists of orders 0..3 have three types; the two last ones are those of huge pages. */
	int type = index < MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1) ? index % MIGRATE_PCPTYPES : -1;
	struct page *page;

	say(t, "pcplist %d %lu :", index, (unsigned long)list_count_nodes(list));
	list_for_each_entry(page, list, pcp_list) {
		say_number(t, page_to_pfn(page));
		if (type >= 0 && page->index != type)
			say(t, "/%lu", page->index);
	}
	say(t, "\n");
}

static void say_pcp(struct text *t, struct zone *zone, int cpu)
{
	struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);
	struct per_cpu_zonestat *stat = per_cpu_ptr(zone->per_cpu_zonestats, cpu);
	int i;

	say(t, "pcp %d count=%d high=%d batch=%d free_factor=%d expire=%d ", cpu, pcp->count, pcp->high,
	    pcp->batch, pcp->free_factor, pcp->expire);
	say(t, "vmstat_diff_nr_free=%d stat_threshold=%d vmstat_diff_nr_free_cma=%d\n",
	    stat->vm_stat_diff[NR_FREE_PAGES], stat->stat_threshold, stat->vm_stat_diff[NR_FREE_CMA_PAGES]);
	for (i = 0; i < NR_PCP_LISTS; i++)
		if (!list_empty(&pcp->lists[i]))
			say_pcp_list(t, &pcp->lists[i], i);
}

static int class_of(struct zone *zone, unsigned long pfn)
{
	struct page *page;

	if (!pfn_valid(pfn))
		return 15;
	page = pfn_to_page(pfn);
	if (PageBuddy(page))
		return 8;
	return (PageLRU(page) || __PageMovable(page)) | PageSlab(page) << 1 | PageReserved(page) << 2;
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
	say(t, "pageset_high=%d pageset_batch=%d cma_pages=%lu\n", zone->pageset_high, zone->pageset_batch,
	    zone_cma_pages(zone));
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
