// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One ring for all CPUs. A record gets its place under one lock, so the places give the order of all records. The ring
 * lies in vmalloc(), or in the memory of an ivshmem device: then a file of the host holds it.
 */
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include "recorder.h"

bool recording;

static struct ring_head *head;
static char *data;
static bool of_device;
static arch_spinlock_t lock = __ARCH_SPIN_LOCK_UNLOCKED;
static u64 began_ns, time_us;

#define WATCHED_ZONES 8
static struct zone *zones[WATCHED_ZONES + 1];
static struct {
	unsigned long boost, highatomic, flags;
	int threshold;
} seen[WATCHED_ZONES];

struct zone *zone_at(int i)
{
	return zones[i];
}

static void find_zones(void)
{
	int nid, i, n = 0;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES && n < WATCHED_ZONES; i++) {
			struct zone *zone = NODE_DATA(nid)->node_zones + i;

			if (populated_zone(zone))
				zones[n++] = zone;
		}
}

static void *device_memory(size_t *size)
{
	struct pci_dev *dev = pci_get_device(0x1af4, 0x1110, NULL);
	void *at;

	if (!dev)
		return NULL;
	/* Without firmware nobody has switched its memory on. */
	*size = pci_enable_device_mem(dev) ? 0 : pci_resource_len(dev, 2);
	at = *size ? memremap(pci_resource_start(dev, 2), *size, MEMREMAP_WB) : NULL;
	pci_dev_put(dev);
	return at;
}

int ring_open(unsigned long megabytes, bool device)
{
	size_t size = megabytes << 20;
	void *at = device ? device_memory(&size) : vzalloc(size);

	of_device = device;
	if (!at)
		return -ENOMEM;
	find_zones();
	head = at;
	data = (char *)at + PAGE_SIZE;
	*head = (struct ring_head){ .size = size - PAGE_SIZE };
	head->magic = RING_MAGIC;
	return 0;
}

void ring_close(void)
{
	if (of_device)
		memunmap(head);
	else
		vfree(head);
}

struct ring_head *ring_first_page(void)
{
	return head;
}

static u64 head_word(enum record_kind kind, int n)
{
	u64 context = in_nmi() ? 3 : in_hardirq() ? 2 : in_serving_softirq() ? 1 : 0;

	return (u64)kind | (u64)n << 8 | (u64)raw_smp_processor_id() << 16 | context << 28 |
	       (u64)(u32)current->pid << 32;
}

static void append(enum record_kind kind, int n, const u64 *args)
{
	size_t bytes = 8 * (n + 1);
	u64 *to = (u64 *)(data + head->used);

	if (head->lost || head->used + bytes > head->size) {
		head->lost++;
		return;
	}
	*to++ = head_word(kind, n);
	while (n--)
		*to++ = *args++;
	head->used += bytes;
	head->records++;
}

static void append_change(enum watched what, struct zone *zone, u64 value)
{
	append(REC_WATCH, 3, (const u64[]){ what, zone_idx(zone), value });
}

static int threshold_of(struct zone *zone)
{
	return per_cpu_ptr(zone->per_cpu_zonestats, 0)->stat_threshold;
}

/* Flags that the allocator reads; bit 0 says that a boost has yet to wake kswapd. */
static unsigned long flags_of(struct zone *zone)
{
	return READ_ONCE(zone->flags);
}

static void watch(bool silent)
{
	struct zone *zone;
	int i;

	for_each_recorded_zone(zone, i) {
		unsigned long boost = READ_ONCE(zone->watermark_boost);
		unsigned long highatomic = READ_ONCE(zone->nr_reserved_highatomic);
		unsigned long flags = flags_of(zone);
		int threshold = threshold_of(zone);

		if (!silent) {
			if (boost != seen[i].boost)
				append_change(WATCH_BOOST, zone, boost);
			if (highatomic != seen[i].highatomic)
				append_change(WATCH_HIGHATOMIC, zone, highatomic);
			if (threshold != seen[i].threshold)
				append_change(WATCH_THRESHOLD, zone, threshold);
			if (flags != seen[i].flags)
				append_change(WATCH_FLAGS, zone, flags);
		}
		seen[i].boost = boost;
		seen[i].highatomic = highatomic;
		seen[i].threshold = threshold;
		seen[i].flags = flags;
	}
}

void ring_put(enum record_kind kind, int n, const u64 *args)
{
	unsigned long irq;
	u64 now, us;

	local_irq_save(irq);
	arch_spin_lock(&lock);
	now = ktime_get_mono_fast_ns();
	if (kind == REC_SNAPSHOT_MARK) {
		u64 mark[2] = { args[0], 0 };

		if (args[0] == 0)
			began_ns = now;
		mark[1] = now - began_ns;
		watch(args[0] == 0);
		append(kind, 2, mark);
	} else {
		us = (now - began_ns) / 1000;
		if (us >= time_us + 1000 || us < time_us) {
			time_us = us;
			append(REC_TIME, 1, &us);
		}
		watch(false);
		append(kind, n, args);
	}
	arch_spin_unlock(&lock);
	local_irq_restore(irq);
}

char *ring_blob_begin(const char *name, size_t *room)
{
	size_t prefix = 16 + strlen(name) + 1;

	if (head->lost || head->used + prefix + 8 > head->size) {
		head->lost++;
		return NULL;
	}
	strcpy(data + head->used + 16, name);
	*room = head->size - head->used - prefix - 8;
	return data + head->used + prefix;
}

void ring_blob_end(size_t length)
{
	u64 *to = (u64 *)(data + head->used);
	size_t bytes = strlen((char *)(to + 2)) + 1 + length;

	to[0] = head_word(REC_BLOB, 1);
	to[1] = bytes;
	head->used += 16 + round_up(bytes, 8);
	head->records++;
}
