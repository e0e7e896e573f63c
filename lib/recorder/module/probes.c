// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Probes of the allocator itself: where pages enter and leave lists, and who holds the lock of a per-CPU list. */
#include <linux/version.h>
#include "recorder.h"

#define arg(n) regs_get_kernel_argument(regs, n)
#define PFN(n) page_to_pfn((struct page *)arg(n))

int probe_at(struct kprobe *p)
{
	int ret = register_kprobe(p);

	if (ret) {
		pr_info("pageblock: no probe at %s: %d\n", p->symbol_name, ret);
		p->symbol_name = NULL;
	}
	return ret;
}

int return_probe_at(struct kretprobe *rp)
{
	int ret;

	rp->maxactive = 128;
	ret = register_kretprobe(rp);
	if (ret) {
		pr_info("pageblock: no probe at the end of %s: %d\n", rp->kp.symbol_name, ret);
		rp->kp.symbol_name = NULL;
	}
	return ret;
}

void *symbol_named(const char *name)
{
	static unsigned long (*lookup)(const char *name);
	struct kprobe p = { .symbol_name = "kallsyms_lookup_name" };

	if (!lookup && register_kprobe(&p) == 0) {
		lookup = (void *)p.addr;
		unregister_kprobe(&p);
	}
	return lookup ? (void *)lookup(name) : NULL;
}

/* free_unref_page_commit(zone, pcp, page, migratetype, order) */
static int at_commit(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_COMMIT, PFN(2), (u32)arg(4));
	return 0;
}

/* __free_one_page(page, pfn, zone, order, migratetype, flags) */
static int at_buddy(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_BUDDY, arg(1), (u32)arg(3), (u32)arg(4));
	return 0;
}

/* set_pfnblock_flags_mask(page, flags, pfn, mask) */
static int at_flags(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_BLOCK_FLAGS, arg(2), arg(1), arg(3));
	return 0;
}

/* move_freepages_block(zone, page, migratetype, movable) */
static int at_move(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_MOVE_BLOCK, PFN(1), (u32)arg(2));
	return 0;
}

/* __putback_isolated_page(page, order, migratetype) */
static int at_putback(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_PUTBACK, PFN(0), (u32)arg(1), (u32)arg(2));
	return 0;
}

/* split_free_page(page, order, offset) */
static int at_split(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_SPLIT, PFN(0), (u32)arg(1), arg(2));
	return 0;
}

static struct kprobe entries[] = {
	{ .symbol_name = "free_unref_page_commit", .pre_handler = at_commit },
	{ .symbol_name = "__free_one_page", .pre_handler = at_buddy },
	{ .symbol_name = "set_pfnblock_flags_mask", .pre_handler = at_flags },
	{ .symbol_name = "move_freepages_block", .pre_handler = at_move },
	{ .symbol_name = "__putback_isolated_page", .pre_handler = at_putback },
	{ .symbol_name = "split_free_page", .pre_handler = at_split },
};

/* The zone whose lists of this CPU have their lock at this address. */
static struct zone *zone_of_lock(void *lock)
{
	struct zone *zone;
	int i;

	for_each_recorded_zone(zone, i)
		if (lock == &raw_cpu_ptr(zone->per_cpu_pageset)->lock)
			return zone;
	return NULL;
}

struct one { unsigned long value; };

static int before_trylock(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct zone *zone;

	if (!recording)
		return 1;
	zone = zone_of_lock((void *)arg(0));
	if (!zone)
		return 1;
	((struct one *)ri->data)->value = zone_idx(zone);
	return 0;
}

static int after_trylock(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	put(REC_TRYLOCK, ((struct one *)ri->data)->value, (u32)regs_return_value(regs) & 1);
	return 0;
}

/* __isolate_free_page(page, order) */
static int before_isolate(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	put(REC_ISOLATE, PFN(0), (u32)arg(1));
	return 0;
}

static int after_isolate(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	put(REC_ISOLATED, (u32)regs_return_value(regs));
	return 0;
}

struct bulk {
	unsigned long gfp;
	struct list_head *list;
	struct page **array;
	int had, nr;
};

/* __alloc_pages_bulk(gfp, nid, nodemask, nr, list, array) */
static int before_bulk(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct bulk *bulk = (struct bulk *)ri->data;

	if (!recording)
		return 1;
	*bulk = (struct bulk){
		.gfp = (u32)arg(0), .nr = (int)arg(3), .list = (void *)arg(4), .array = (void *)arg(5),
	};
	while (bulk->array && bulk->had < bulk->nr && bulk->array[bulk->had])
		bulk->had++;
	put(REC_BULK_ENTER, bulk->nr - bulk->had, bulk->gfp);
	return 0;
}

/* The list has its newest page first, so the pages of this call are the first ones, in reverse. */
static void pages_of_list(struct bulk *bulk, int got)
{
	struct list_head *at = bulk->list;
	int i;

	for (i = 0; i < got; i++)
		at = at->next;
	for (i = 0; i < got; i++, at = at->prev)
		put(REC_BULK_PAGE, page_to_pfn(list_entry(at, struct page, lru)), bulk->gfp);
}

static int after_bulk(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct bulk *bulk = (struct bulk *)ri->data;
	int i, ret = (int)regs_return_value(regs);

	if (bulk->array) {
		for (i = bulk->had; i < ret; i++)
			put(REC_BULK_PAGE, page_to_pfn(bulk->array[i]), bulk->gfp);
	} else if (bulk->list) {
		pages_of_list(bulk, ret);
	}
	put(REC_BULK_EXIT, ret);
	return 0;
}

static struct kretprobe returns[] = {
	{ .kp.symbol_name = "_raw_spin_trylock", .entry_handler = before_trylock,
	  .handler = after_trylock, .data_size = sizeof(struct one) },
	{ .kp.symbol_name = "__isolate_free_page", .entry_handler = before_isolate,
	  .handler = after_isolate },
	{ .kp.symbol_name = "__alloc_pages_bulk", .entry_handler = before_bulk,
	  .handler = after_bulk, .data_size = sizeof(struct bulk) },
};

int probes_begin(void)
{
	int i, failed = 0;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		failed |= probe_at(&entries[i]);
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		failed |= return_probe_at(&returns[i]);
	if (failed)
		probes_end();
	return failed ? -EOPNOTSUPP : 0;
}

void probes_end(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		if (entries[i].symbol_name)
			unregister_kprobe(&entries[i]);
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		if (returns[i].kp.symbol_name)
			unregister_kretprobe(&returns[i]);
}

unsigned long probes_missed(void)
{
	unsigned long missed = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		missed += entries[i].nmissed;
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		missed += returns[i].nmissed + returns[i].kp.nmissed;
	return missed;
}
