// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Probes of the allocator itself: where pages enter and leave lists, and who holds the lock of a per-CPU list. */
#include "recorder.h"

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

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
/*
 * __set_pfnblock_flags_mask(page, pfn, flags): of the type, and clears the isolation. With sparse memory the page is not
 * used, and the compiler may leave it out; an address of the kernel is no frame number.
 */
static int at_flags(struct kprobe *p, struct pt_regs *regs)
{
	int first = (long)arg(0) < 0 ? 1 : 0;

	put(REC_BLOCK_FLAGS, arg(first), arg(first + 1), BLOCK_TYPE_MASK);
	return 0;
}
#else
/* set_pfnblock_flags_mask(page, flags, pfn, mask) */
static int at_flags(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_BLOCK_FLAGS, arg(2), arg(1), arg(3));
	return 0;
}
#endif

/* set_pfnblock_bit(page, pfn, bit) */
static int at_bit_set(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_BLOCK_FLAGS, arg(1), 1UL << arg(2), 1UL << arg(2));
	return 0;
}

/* clear_pfnblock_bit(page, pfn, bit) */
static int at_bit_clear(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_BLOCK_FLAGS, arg(1), 0, 1UL << arg(2));
	return 0;
}

#if TYPES_OF_BLOCKS
/* __move_freepages_block(zone, start, old type, new type) */
static int at_move(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_MOVE_BLOCK, arg(1), (u32)arg(3), (u32)arg(2));
	return 0;
}
#else
/* move_freepages_block(zone, page, migratetype, movable) */
static int at_move(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_MOVE_BLOCK, PFN(1), (u32)arg(2));
	return 0;
}
#endif

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
	rotations_before_isolation();
	put(REC_ISOLATE, PFN(0), (u32)arg(1));
	return 0;
}

static int after_isolate(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	put(REC_ISOLATED, (u32)regs_return_value(regs));
	rotations_after_isolation();
	return 0;
}

struct bulk {
	unsigned long gfp;
	struct list_head *list;
	struct page **array;
	int had, nr;
};

/* __alloc_pages_bulk(gfp, nid, nodemask, nr, list, array); without the list since 6.14 */
static int before_bulk(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct bulk *bulk = (struct bulk *)ri->data;

	if (!recording)
		return 1;
	*bulk = (struct bulk){ .gfp = (u32)arg(0), .nr = (int)arg(3) };
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
	bulk->array = (void *)arg(4);
#else
	bulk->list = (void *)arg(4);
	bulk->array = (void *)arg(5);
#endif
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

static struct probe table[] = {
	{ .names = "free_unref_page_commit|free_frozen_page_commit", .handler = at_commit },
	{ .names = "__free_one_page", .handler = at_buddy },
	{ .names = "set_pfnblock_flags_mask|__set_pfnblock_flags_mask.constprop.0|__set_pfnblock_flags_mask",
	  .handler = at_flags },
	{ .names = "set_pfnblock_bit", .handler = at_bit_set, .optional = true },
	{ .names = "clear_pfnblock_bit", .handler = at_bit_clear, .optional = true },
#if TYPES_OF_BLOCKS
	{ .names = "__move_freepages_block", .handler = at_move },
#else
	{ .names = "move_freepages_block", .handler = at_move },
#endif
	{ .names = "__putback_isolated_page", .handler = at_putback },
	{ .names = "split_free_page", .handler = at_split, .optional = true },
	{ .names = "_raw_spin_trylock", .before = before_trylock, .after = after_trylock,
	  .data_size = sizeof(struct one) },
	{ .names = "__isolate_free_page", .before = before_isolate, .after = after_isolate },
	{ .names = "__alloc_pages_bulk|alloc_pages_bulk_noprof", .before = before_bulk, .after = after_bulk,
	  .data_size = sizeof(struct bulk) },
};

int probes_begin(void)
{
	return probe_table_begin(table, ARRAY_SIZE(table));
}

void probes_end(void)
{
	probe_table_end(table, ARRAY_SIZE(table));
}

unsigned long probes_missed(void)
{
	return probe_table_missed(table, ARRAY_SIZE(table));
}
