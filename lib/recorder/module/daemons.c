// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Probes of what happens beside requests: drains, folds of counters, reclaim, and the passes of a request over the zones. */
#include <linux/tracepoint.h>
#include "recorder.h"

/* drain_pages_zone(cpu, zone) */
static int at_drain_zone(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_DRAIN_ZONE, (u32)arg(0), zone_idx((struct zone *)arg(1)));
	return 0;
}

/* __drain_all_pages(zone, force) */
static int at_drain_all(struct kprobe *p, struct pt_regs *regs)
{
	struct zone *zone = (struct zone *)arg(0);

	event(EV_DRAIN_ALL, zone ? zone_idx(zone) : -1);
	return 0;
}

#if TUNED_PCP
/* refresh_cpu_vm_stats(pagesets): zone by zone, each announced by its decay */
static int at_refresh(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_REFRESH, arg(0) & 1);
	return 0;
}
#else
/*
 * refresh_cpu_vm_stats(pagesets): this CPU's differences go to the zones' counters, zone by zone, and in between the
 * task may give way to others, who count as well. So the differences are noted where it begins or goes on, and looked
 * at where it gives way or returns: what has become 0 in between was folded.
 */
static const enum zone_stat_item items[] = { NR_FREE_PAGES, NR_FREE_CMA_PAGES };
#define ZONES_FOLDED 8

struct refresh {
	struct task_struct *task;
	s8 differences[ZONES_FOLDED][ARRAY_SIZE(items)];
};
static DEFINE_PER_CPU(struct refresh, refresh_under_way);

static s8 difference(struct zone *zone, int k)
{
	return raw_cpu_ptr(zone->per_cpu_zonestats)->vm_stat_diff[items[k]];
}

static void note_differences(struct refresh *refresh)
{
	struct zone *zone;
	int i, k;

	for_each_recorded_zone(zone, i)
		for (k = 0; k < ARRAY_SIZE(items); k++)
			refresh->differences[i][k] = difference(zone, k);
}

static void put_folded(struct refresh *refresh)
{
	struct zone *zone;
	int i, k;

	for_each_recorded_zone(zone, i)
		for (k = 0; k < ARRAY_SIZE(items); k++)
			if (refresh->differences[i][k] && !difference(zone, k))
				put(REC_FOLD, zone_idx(zone), k, (s64)refresh->differences[i][k]);
}

static int before_refresh(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct refresh *refresh = raw_cpu_ptr(&refresh_under_way);

	put(REC_REFRESH, arg(0) & 1);
	note_differences(refresh);
	refresh->task = current;
	return 0;
}

static int after_refresh(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct refresh *refresh = raw_cpu_ptr(&refresh_under_way);

	put_folded(refresh);
	refresh->task = NULL;
	return 0;
}

static void task_switch(void *none, bool preempted, struct task_struct *from, struct task_struct *to,
			unsigned int state)
{
	struct refresh *refresh = raw_cpu_ptr(&refresh_under_way);

	if (!refresh->task)
		return;
	if (refresh->task == from)
		put_folded(refresh);
	else if (refresh->task == to)
		note_differences(refresh);
}

static struct tracepoint *switches;

static void find_switches(struct tracepoint *tracepoint, void *none)
{
	if (strcmp(tracepoint->name, "sched_switch") == 0)
		switches = tracepoint;
}
#endif

#if TUNED_PCP
/* decay_pcp_high(zone, pcp) */
static int at_decay(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_DECAY, zone_idx((struct zone *)arg(0)));
	return 0;
}
#endif

/* get_page_from_freelist(gfp, order, alloc_flags, context) */
static int at_search(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_SEARCH, (u32)arg(0), (u32)arg(1), (u32)arg(2));
	return 0;
}

/* __alloc_pages_slowpath(gfp, order, context) */
static int at_slowpath(struct kprobe *p, struct pt_regs *regs)
{
	put(REC_SLOWPATH, (u32)arg(0), (u32)arg(1));
	return 0;
}

/* balance_pgdat(pgdat, order, highest_zoneidx) */
static int before_balance(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	event(EV_BALANCE, (u32)arg(1), (u32)arg(2));
	return 0;
}

static int after_balance(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	event(EV_BALANCE_END, (u32)regs_return_value(regs));
	return 0;
}

/* unreserve_highatomic_pageblock(context, force) */
static int before_unreserve(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	event(EV_UNRESERVE, arg(1) & 1);
	return 0;
}

static int after_unreserve(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	event(EV_UNRESERVE_END, regs_return_value(regs) & 1);
	return 0;
}

static struct probe table[] = {
	{ .names = "drain_pages_zone", .handler = at_drain_zone },
	{ .names = "__drain_all_pages|__drain_all_pages.part.0", .handler = at_drain_all, .optional = true },
#if TUNED_PCP
	{ .names = "refresh_cpu_vm_stats|refresh_cpu_vm_stats.constprop.0", .handler = at_refresh },
	{ .names = "decay_pcp_high", .handler = at_decay },
#else
	{ .names = "refresh_cpu_vm_stats|refresh_cpu_vm_stats.constprop.0", .before = before_refresh,
	  .after = after_refresh },
#endif
	{ .names = "get_page_from_freelist", .handler = at_search },
	{ .names = "__alloc_pages_slowpath.constprop.0|__alloc_pages_slowpath", .handler = at_slowpath,
	  .optional = true },
	{ .names = "balance_pgdat", .before = before_balance, .after = after_balance },
	{ .names = "unreserve_highatomic_pageblock", .before = before_unreserve, .after = after_unreserve,
	  .optional = true },
};

int daemons_begin(void)
{
#if !TUNED_PCP
	for_each_kernel_tracepoint(find_switches, NULL);
	if (!switches || tracepoint_probe_register(switches, task_switch, NULL))
		return -EOPNOTSUPP;
#endif
	if (probe_table_begin(table, ARRAY_SIZE(table)) == 0)
		return 0;
#if !TUNED_PCP
	tracepoint_probe_unregister(switches, task_switch, NULL);
#endif
	return -EOPNOTSUPP;
}

void daemons_end(void)
{
#if !TUNED_PCP
	tracepoint_probe_unregister(switches, task_switch, NULL);
#endif
	probe_table_end(table, ARRAY_SIZE(table));
}

unsigned long daemons_missed(void)
{
	return probe_table_missed(table, ARRAY_SIZE(table));
}
