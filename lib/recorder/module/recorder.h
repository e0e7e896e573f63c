/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the parts of the recorder share: the records of the ring and how one is written. */
#ifndef PAGEBLOCK_RECORDER_H
#define PAGEBLOCK_RECORDER_H

#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/version.h>

/*
 * A record is one head word and its arguments, all of 64 bits:
 *   bits 0..7 kind, 8..15 number of arguments, 16..27 CPU, 28..31 context, 32..63 pid.
 * A blob has its length in bytes as only argument; its bytes follow, filled up to 8.
 */
enum record_kind {
	REC_SNAPSHOT_MARK = 1,	/* slot, ns */
	REC_TIME,		/* us since the first mark */
	REC_ALLOC,		/* pfn or -1, order, migratetype, gfp */
	REC_FREE,		/* pfn, order */
	REC_FREE_BATCHED,	/* pfn */
	REC_COMMIT,		/* pfn, order: it enters a per-CPU list now, or with the next TRYLOCK it does not */
	REC_BUDDY,		/* pfn, order, migratetype: it enters the buddy lists, under the zone lock */
	REC_ZONE_TAKE,		/* pfn, order, migratetype, refill */
	REC_DRAINED,		/* pfn, order, migratetype */
	REC_EXTFRAG,		/* pfn, alloc order, fallback order, alloc type, fallback type, change of ownership */
	REC_BLOCK_FLAGS,	/* pfn, flags, mask */
	REC_MOVE_BLOCK,		/* pfn, migratetype */
	REC_ISOLATE,		/* pfn, order */
	REC_ISOLATED,		/* ret of the isolation that began last in this context */
	REC_PUTBACK,		/* pfn, order, migratetype */
	REC_BULK_ENTER,		/* nr, gfp */
	REC_BULK_PAGE,		/* pfn, gfp */
	REC_BULK_EXIT,		/* ret */
	REC_TRYLOCK,		/* zone, 1 taken or 0 refused: a lock of this CPU's lists */
	REC_SEARCH,		/* gfp, order, alloc flags: one pass over the zones */
	REC_SLOWPATH,		/* gfp, order */
	REC_DRAIN_ZONE,		/* cpu, zone */
	REC_FOLD,		/* zone, item, difference */
	REC_REFRESH,		/* pagesets */
	REC_RECLAIM_ACTIVE,	/* zone, on */
	REC_WATCH,		/* what changed (enum watched), zone, value */
	REC_SPLIT,		/* pfn, order, offset */
	REC_EVENT,		/* number of the event (enum event), its arguments */
	REC_BLOB,		/* bytes; name, NUL, content */
	REC_COMPACTION_FREE,	/* pfn, order */
	REC_DECAY,		/* zone */
	REC_RANGE,		/* start, end, migratetype (flags, if a 1 follows), 1 or 0: a contiguous request tries these frames */
	REC_RANGE_END,		/* ret, 1 or 0 as in REC_RANGE */
	REC_SOURCE,		/* pfn: a migration asks for a target for it */
	REC_UNMAPPED,		/* from, to: nothing maps the page any longer */
	REC_MOVED,		/* from, to, ret */
	REC_ROTATE,		/* pfn, 0: its free list was rotated, it is the first page now; under the zone lock */
};

/* Values that nothing announces; they are looked at with every record. */
enum watched { WATCH_BOOST, WATCH_HIGHATOMIC, WATCH_THRESHOLD, WATCH_FLAGS };

/* Events that become `E` lines; the converter knows their names and the names of their arguments. */
enum event {
	EV_BALANCE = 1, EV_BALANCE_END, EV_UNRESERVE, EV_UNRESERVE_END,
	EV_COMPACT_BEGIN, EV_COMPACT_END, EV_COMPACT_FINISHED, EV_COMPACT_SUITABLE,
	EV_COMPACT_SOURCES, EV_COMPACT_TARGETS, EV_COMPACT_MIGRATED, EV_COMPACT_TRY,
	EV_COMPACT_DEFERRED, EV_COMPACT_DEFER, EV_COMPACT_DEFER_RESET,
	EV_KCOMPACTD_SLEEP, EV_KCOMPACTD_WAKE, EV_WAKEUP_KCOMPACTD,
	EV_KSWAPD_SLEEP, EV_KSWAPD_WAKE, EV_WAKEUP_KSWAPD,
	EV_RECLAIM_BEGIN, EV_RECLAIM_END, EV_DRAIN_ALL, EV_BULK_DRAIN, EV_REFILL,
	EV_CMA_START, EV_CMA_FINISH, EV_CMA_BUSY, EV_CMA_RELEASE, EV_TESTED,
};

#define RING_MAGIC 0x3130434552425047ULL	/* "GPBREC01" */

/* The first page of the ring. */
struct ring_head {
	u64 magic;
	u64 size;	/* bytes behind this page */
	u64 used;	/* bytes of them that hold records */
	u64 records;
	u64 lost;	/* records that did not fit */
	u64 missed;	/* probes that could not run, see `probes` in the device's text */
};

extern bool recording;

int ring_open(unsigned long megabytes, bool device);
void ring_close(void);
struct ring_head *ring_first_page(void);
void ring_put(enum record_kind kind, int n, const u64 *args);
/* A blob is written in place: room for its content, or NULL; only one is open, with all other CPUs stopped or idle. */
char *ring_blob_begin(const char *name, size_t *room);
void ring_blob_end(size_t length);

#define put(kind, ...) do { \
	const u64 put_args[] = { __VA_ARGS__ }; \
	if (recording) \
		ring_put(kind, ARRAY_SIZE(put_args), put_args); \
} while (0)
#define event(number, ...) put(REC_EVENT, number, ##__VA_ARGS__)

/* A probe at the entry of a function (handler), or at its entry and its return (before, after). */
struct probe {
	const char *names;
	kprobe_pre_handler_t handler;
	kretprobe_handler_t before, after;
	size_t data_size;
	bool optional;
	bool found;
	char name[48];
	struct kprobe entry;
	struct kretprobe whole;
};

#define arg(n) regs_get_kernel_argument(regs, n)
#define PFN(n) page_to_pfn((struct page *)arg(n))

int probe_table_begin(struct probe *table, int n);
void probe_table_end(struct probe *table, int n);
unsigned long probe_table_missed(struct probe *table, int n);
void *symbol_named(const char *name);

int probes_begin(void);
void probes_end(void);
unsigned long probes_missed(void);
int events_begin(void);
void events_end(void);
int daemons_begin(void);
void daemons_end(void);
unsigned long daemons_missed(void);
int contig_begin(void);
void contig_end(void);
unsigned long contig_missed(void);

/* Contiguous requests by command: what each took is held under its slot. */
#define CONTIG_SLOTS 64
int contig_take(unsigned int slot, unsigned long n, unsigned int align);
int contig_give(unsigned int slot);
void contig_give_all(void);
int rotations_begin(void);
void rotations_end(void);
unsigned long rotations_missed(void);
void rotations_before_isolation(void);
void rotations_after_isolation(void);

int snapshot_take(int slot);

/* Text written into a blob. */
struct text { char *at; size_t room; size_t used; };
void say(struct text *t, const char *format, ...) __printf(2, 3);
void say_number(struct text *t, unsigned long value);
void say_zone(struct text *t, struct zone *zone);
void say_pcp(struct text *t, struct zone *zone, int cpu);

/* Bits of a page block. The last one is there where isolation is no type of its own (6.17 and newer). */
#define BLOCK_TYPE_MASK 7
#define BLOCK_SKIP 8
#define BLOCK_ISOLATED 16
int block_flags(unsigned long pfn);
int block_type(int flags);

/* Number of orders; MAX_ORDER was this number up to 6.3 and is the greatest order or gone since. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define ORDERS NR_PAGE_ORDERS
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define ORDERS (MAX_ORDER + 1)
#else
#define ORDERS MAX_ORDER
#endif

/* The high mark of per-CPU lists tunes itself, and decays with the refresh of counters. */
#define TUNED_PCP (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0))
/* Free pages on lists agree with their block's type; what per-CPU lists hold has no type of its own. */
#define TYPES_OF_BLOCKS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0))

/* Zones that have pages, in order of their index. */
struct zone *zone_at(int i);
#define for_each_recorded_zone(zone, i) \
	for ((i) = 0; ((zone) = zone_at(i)) != NULL; (i)++)

#endif
