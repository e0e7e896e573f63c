// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Probes of what happens beside requests: drains, folds of counters, reclaim, and the passes of a request over the zones. */
#include "recorder.h"

#define arg(n) regs_get_kernel_argument(regs, n)

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

/* refresh_cpu_vm_stats(pagesets): this CPU's differences go to the zones' counters */
static int at_refresh(struct kprobe *p, struct pt_regs *regs)
{
	static const enum zone_stat_item items[] = { NR_FREE_PAGES, NR_FREE_CMA_PAGES };
	struct zone *zone;
	int i, k;

	put(REC_REFRESH, arg(0) & 1);
	for_each_recorded_zone(zone, i)
		for (k = 0; k < ARRAY_SIZE(items); k++) {
			s8 diff = raw_cpu_ptr(zone->per_cpu_zonestats)->vm_stat_diff[items[k]];

			if (diff)
				put(REC_FOLD, zone_idx(zone), k, (s64)diff);
		}
	return 0;
}

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

static struct kprobe entries[] = {
	{ .symbol_name = "drain_pages_zone", .pre_handler = at_drain_zone },
	{ .symbol_name = "__drain_all_pages", .pre_handler = at_drain_all },
	{ .symbol_name = "refresh_cpu_vm_stats", .pre_handler = at_refresh },
	{ .symbol_name = "get_page_from_freelist", .pre_handler = at_search },
	{ .symbol_name = "__alloc_pages_slowpath.constprop.0", .pre_handler = at_slowpath },
};

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

static struct kretprobe returns[] = {
	{ .kp.symbol_name = "balance_pgdat", .entry_handler = before_balance, .handler = after_balance },
	{ .kp.symbol_name = "unreserve_highatomic_pageblock", .entry_handler = before_unreserve,
	  .handler = after_unreserve },
};

int daemons_begin(void)
{
	int i, failed = 0;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		failed |= probe_at(&entries[i]);
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		failed |= return_probe_at(&returns[i]);
	if (failed)
		daemons_end();
	return failed ? -EOPNOTSUPP : 0;
}

void daemons_end(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		if (entries[i].symbol_name)
			unregister_kprobe(&entries[i]);
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		if (returns[i].kp.symbol_name)
			unregister_kretprobe(&returns[i]);
}

unsigned long daemons_missed(void)
{
	unsigned long missed = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		missed += entries[i].nmissed;
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		missed += returns[i].nmissed + returns[i].kp.nmissed;
	return missed;
}
