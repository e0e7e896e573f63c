/* SPDX-License-Identifier: MIT */
/* What the guest's first process and the workloads share. */
#ifndef PAGEBLOCK_GUEST_H
#define PAGEBLOCK_GUEST_H

#include <stddef.h>
#include <stdint.h>

/* What the kernel's command line asks for. */
struct task {
	int cpus;	/* one worker each */
	int worker;	/* 0 up to cpus - 1 */
	uint64_t seed;
	long ops;	/* steps of each worker */
	size_t memory;	/* bytes of RAM that the kernel manages */
};

struct workload {
	const char *name;
	const char *thp;	/* transparent_hugepage/enabled */
	/* Before the first snapshot, in the first process; NULL: nothing. */
	void (*prepare)(const struct task *task);
	/* Between the snapshots, once in each worker. */
	void (*run)(const struct task *task);
};

extern const struct workload workloads[];

uint64_t draw(void);			/* xorshift, seeded for each worker */
void seed_draws(uint64_t seed);
size_t below(size_t n);			/* 0 up to n - 1 */
void pin(int cpu);
void fail(const char *what);
void *need_memory(size_t bytes);	/* mapped, not touched */
void write_text(const char *path, const char *text);
/* Contiguous requests by the recorder's module: whether `pages` are held under `slot` now. */
int take_contiguous(int slot, size_t pages, int align);
void give_contiguous(int slot);

#endif
