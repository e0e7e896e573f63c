// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Free lists that compaction's fast searches rotate. The searches are inlined, so there is no function to probe. But
 * each holds the zone's lock while it looks at lists of movable pages. So the first page of each list is noted where
 * a compacting task gets the lock, and looked at again where it isolates a page or gives the lock back.
 */
#include "recorder.h"

/* Tasks inside compact_zone(). */
#define COMPACTING_MOST 64
static struct task_struct *compacting[COMPACTING_MOST];
static atomic_t compacting_count;

/* What the lists were when this CPU got the lock; no interrupt comes while it holds it. */
struct held {
	spinlock_t *lock;
	struct zone *zone;
	u64 free;
	struct page *first[ORDERS];
};
static DEFINE_PER_CPU(struct held, held_lists);

static bool replace_task(struct task_struct *from, struct task_struct *to)
{
	int i;

	for (i = 0; i < COMPACTING_MOST; i++)
		if (READ_ONCE(compacting[i]) == from && cmpxchg(&compacting[i], from, to) == from)
			return true;
	return false;
}

static bool is_compacting(void)
{
	int i;

	if (!recording || !atomic_read(&compacting_count) || !in_task())
		return false;
	for (i = 0; i < COMPACTING_MOST; i++)
		if (READ_ONCE(compacting[i]) == current)
			return true;
	return false;
}

/* compact_zone(control, capture) */
static int before_compaction(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!replace_task(NULL, current))
		return 1;
	atomic_inc(&compacting_count);
	return 0;
}

static int after_compaction(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (replace_task(current, NULL))
		atomic_dec(&compacting_count);
	return 0;
}

static struct list_head *movable_list(struct zone *zone, int order)
{
	return &zone->free_area[order].free_list[MIGRATE_MOVABLE];
}

static u64 pages_free(struct zone *zone)
{
	u64 pages = 0;
	int order;

	for (order = 0; order < ORDERS; order++)
		pages += (u64)zone->free_area[order].nr_free << order;
	return pages;
}

static void note(struct held *held)
{
	int order;

	held->free = pages_free(held->zone);
	for (order = 0; order < ORDERS; order++)
		held->first[order] = list_first_entry_or_null(movable_list(held->zone, order), struct page, lru);
}

/* Pages that came or went change the first ones too, and have records of their own. */
static void look(struct held *held)
{
	int order;

	if (held->free != pages_free(held->zone))
		return;
	for (order = 0; order < ORDERS; order++) {
		struct page *first = list_first_entry_or_null(movable_list(held->zone, order), struct page, lru);

		if (first && first != held->first[order])
			put(REC_ROTATE, page_to_pfn(first), 0);
	}
}

/* Called where __isolate_free_page() begins and where it returns. */
void rotations_before_isolation(void)
{
	struct held *held = this_cpu_ptr(&held_lists);

	if (held->lock)
		look(held);
}

void rotations_after_isolation(void)
{
	struct held *held = this_cpu_ptr(&held_lists);

	if (held->lock)
		note(held);
}

struct lock { struct zone *zone; };

/* _raw_spin_lock_irqsave(lock) */
static int before_lock(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct zone *zone;
	int i;

	if (!is_compacting())
		return 1;
	for_each_recorded_zone(zone, i)
		if ((void *)arg(0) == &zone->lock) {
			((struct lock *)ri->data)->zone = zone;
			return 0;
		}
	return 1;
}

static int after_lock(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct held *held = this_cpu_ptr(&held_lists);

	held->zone = ((struct lock *)ri->data)->zone;
	held->lock = &held->zone->lock;
	note(held);
	return 0;
}

/* _raw_spin_unlock_irqrestore(lock, flags) */
static int at_unlock(struct kprobe *p, struct pt_regs *regs)
{
	struct held *held = this_cpu_ptr(&held_lists);

	if (!held->lock || (void *)arg(0) != held->lock)
		return 0;
	look(held);
	held->lock = NULL;
	return 0;
}

static struct probe table[] = {
	{ .names = "compact_zone", .before = before_compaction, .after = after_compaction },
	{ .names = "_raw_spin_lock_irqsave", .before = before_lock, .after = after_lock,
	  .data_size = sizeof(struct lock) },
	{ .names = "_raw_spin_unlock_irqrestore", .handler = at_unlock },
};

int rotations_begin(void)
{
	return probe_table_begin(table, ARRAY_SIZE(table));
}

void rotations_end(void)
{
	probe_table_end(table, ARRAY_SIZE(table));
}

/* What interrupts another handler is not looked at, so only compact_zone() can be missed. */
unsigned long rotations_missed(void)
{
	return probe_table_missed(table, 1);
}
