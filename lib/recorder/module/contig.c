// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Contiguous requests: which ranges they try, what they move, and the commands that make and end one. */
#include <linux/cma.h>
#include "recorder.h"

#define FLAGS_OF_RANGE (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0))

/*
 * alloc_contig_range(start, end, migratetype, gfp); since 6.16 flags of the request stand in place of the type. Since
 * 7.0 the one that leaves pages without references does the work.
 */
static int before_range(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	put(REC_RANGE, arg(0), arg(1), (u32)arg(2), FLAGS_OF_RANGE);
	return 0;
}

static int after_range(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	put(REC_RANGE_END, (s64)(int)regs_return_value(regs), FLAGS_OF_RANGE);
	return 0;
}

/* alloc_migration_target(page, private): a page is about to be moved */
static int at_target(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_SOURCE, PFN(0));
	return 0;
}

struct move { unsigned long to, from; };

/* move_to_new_folio(dst, src, mode): the page is unmapped, and its content moves */
static int before_move(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct move *move = (struct move *)ri->data;

	if (!recording)
		return 1;
	*move = (struct move){ .to = PFN(0), .from = PFN(1) };
	put(REC_UNMAPPED, move->from, move->to);
	return 0;
}

static int after_move(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct move *move = (struct move *)ri->data;

	put(REC_MOVED, move->from, move->to, (s64)(int)regs_return_value(regs));
	return 0;
}

static struct probe table[] = {
	{ .names = "alloc_contig_frozen_range_noprof|alloc_contig_range_noprof|alloc_contig_range",
	  .before = before_range, .after = after_range, .optional = true },
	{ .names = "alloc_migration_target", .handler = at_target, .optional = true },
	{ .names = "move_to_new_folio", .before = before_move, .after = after_move,
	  .data_size = sizeof(struct move), .optional = true },
};

int contig_begin(void)
{
	return probe_table_begin(table, ARRAY_SIZE(table));
}

void contig_end(void)
{
	probe_table_end(table, ARRAY_SIZE(table));
}

unsigned long contig_missed(void)
{
	return probe_table_missed(table, ARRAY_SIZE(table));
}

/* What the commands have taken and not given back; the device's lock is held. */
static struct {
	struct page *pages;
	unsigned long n;
} held[CONTIG_SLOTS];

static int first_area(struct cma *area, void *to)
{
	*(struct cma **)to = area;
	return 1;
}

static struct cma *area_to_use(void)
{
	typeof(cma_for_each_area) *each = symbol_named("cma_for_each_area");
	struct cma *area = NULL;

	if (each)
		each(first_area, &area);
	return area;
}

/* Takes n pages of the first CMA area, aligned to 2^align of them. */
int contig_take(unsigned int slot, unsigned long n, unsigned int align)
{
	typeof(cma_alloc) *alloc = symbol_named("cma_alloc");
	struct cma *area = area_to_use();

	if (!alloc || !area)
		return -EOPNOTSUPP;
	if (slot >= CONTIG_SLOTS || held[slot].pages || !n)
		return -EINVAL;
	held[slot].pages = alloc(area, n, align, true);
	held[slot].n = n;
	return held[slot].pages ? 0 : -ENOMEM;
}

int contig_give(unsigned int slot)
{
	typeof(cma_release) *release = symbol_named("cma_release");

	if (slot >= CONTIG_SLOTS || !held[slot].pages || !release)
		return -EINVAL;
	release(area_to_use(), held[slot].pages, held[slot].n);
	held[slot].pages = NULL;
	return 0;
}

void contig_give_all(void)
{
	unsigned int slot;

	for (slot = 0; slot < CONTIG_SLOTS; slot++)
		contig_give(slot);
}
