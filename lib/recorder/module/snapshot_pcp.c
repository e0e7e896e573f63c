// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The per-CPU lists of a snapshot: their tuning, and each list with its head first. */
#include "recorder.h"

/* The type that the page goes back to: its own one, or that of its block. */
static int type_of(struct page *page)
{
#if TYPES_OF_BLOCKS
	return block_type(block_flags(page_to_pfn(page)));
#else
	return page->index;
#endif
}

static void say_pcp_list(struct text *t, struct list_head *list, int index)
{
	/* Lists of orders 0..3 have three types; the two last ones are those of huge pages. */
	int type = index < MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1) ? index % MIGRATE_PCPTYPES : -1;
	struct page *page;

	say(t, "pcplist %d %lu :", index, (unsigned long)list_count_nodes(list));
	list_for_each_entry(page, list, pcp_list) {
		say_number(t, page_to_pfn(page));
		if (type >= 0 && type_of(page) != type)
			say(t, "/%d", type_of(page));
	}
	say(t, "\n");
}

/* Lists of another node's zone expire. */
static int expire_of(struct per_cpu_pages *pcp)
{
#ifdef CONFIG_NUMA
	return pcp->expire;
#else
	return 0;
#endif
}

static void say_tuning(struct text *t, struct per_cpu_pages *pcp)
{
#if TUNED_PCP
	say(t, "free_factor=0 expire=%d high_min=%d high_max=%d flags=%d alloc_factor=%d free_count=%d ", expire_of(pcp),
	    pcp->high_min, pcp->high_max, pcp->flags, pcp->alloc_factor, pcp->free_count);
#else
	say(t, "free_factor=%d expire=%d ", pcp->free_factor, expire_of(pcp));
#endif
}

void say_pcp(struct text *t, struct zone *zone, int cpu)
{
	struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);
	struct per_cpu_zonestat *stat = per_cpu_ptr(zone->per_cpu_zonestats, cpu);
	int i;

	say(t, "pcp %d count=%d high=%d batch=%d ", cpu, pcp->count, pcp->high, pcp->batch);
	say_tuning(t, pcp);
	say(t, "vmstat_diff_nr_free=%d stat_threshold=%d vmstat_diff_nr_free_cma=%d\n",
	    stat->vm_stat_diff[NR_FREE_PAGES], stat->stat_threshold, stat->vm_stat_diff[NR_FREE_CMA_PAGES]);
	for (i = 0; i < NR_PCP_LISTS; i++)
		if (!list_empty(&pcp->lists[i]))
			say_pcp_list(t, &pcp->lists[i], i);
}
