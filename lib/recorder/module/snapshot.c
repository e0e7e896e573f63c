// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Exact snapshots. stop_machine() runs this while every CPU stands outside of every spinlock, so no list is in the
 * middle of a change. The mark of a snapshot is written in the same stop.
 */
#include <linux/stop_machine.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include "recorder.h"

void say(struct text *t, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vscnprintf(t->at + t->used, t->room - t->used, format, list);
	va_end(list);
	t->used += n;
}

/* A space and a number: vscnprintf() is too slow for a million frames. */
void say_number(struct text *t, unsigned long value)
{
	char digits[24];
	int n = 0;

	if (t->room - t->used < sizeof(digits)) {
		t->used = t->room - 1;
		return;
	}
	do {
		digits[n++] = '0' + value % 10;
		value /= 10;
	} while (value);
	t->at[t->used++] = ' ';
	while (n)
		t->at[t->used++] = digits[--n];
}

static void say_all(struct text *t, int slot)
{
	int *mobility_disabled = symbol_named("page_group_by_mobility_disabled");
	struct zone *zone;
	int i;

	say(t, "snapshot v1 slot=%d max_order=%d migratetypes=%d pcp_lists=%d pageblock_order=%d max_nr_zones=%d ",
	    slot, (int)ORDERS, (int)MIGRATE_TYPES, (int)NR_PCP_LISTS, (int)pageblock_order, (int)MAX_NR_ZONES);
	say(t, "mobility_disabled=%d ktime_ns=%llu cpus=%u struct_page=%zu page_size=%lu kernel=%s recorder=2\n",
	    mobility_disabled ? *mobility_disabled : 0, ktime_get_mono_fast_ns(), num_online_cpus(),
	    sizeof(struct page), PAGE_SIZE, init_utsname()->release);
	for_each_recorded_zone(zone, i)
		say_zone(t, zone);
}

static int stopped(void *data)
{
	int slot = *(int *)data;
	char name[16];
	struct text t = { };

	if (slot == 1 && recording) {
		put(REC_SNAPSHOT_MARK, 1);
		recording = false;
	}
	snprintf(name, sizeof(name), "S%d.txt", slot);
	t.at = ring_blob_begin(name, &t.room);
	if (!t.at)
		return -ENOSPC;
	say_all(&t, slot);
	if (t.used + 1 >= t.room)
		return -ENOSPC;
	ring_blob_end(t.used);
	if (slot == 0) {
		recording = true;
		put(REC_SNAPSHOT_MARK, 0);
	}
	return 0;
}

int snapshot_take(int slot)
{
	symbol_named("page_group_by_mobility_disabled");	/* finds its way before the machine stops */
	if (slot != 1 && recording)
		return -EBUSY;
	return stop_machine(stopped, &slot, NULL);
}
