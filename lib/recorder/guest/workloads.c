// SPDX-License-Identifier: MIT
/* The loads of a recording. Each worker runs on a CPU of its own and sometimes frees what another one allocated. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"

#define PAGE 4096
#define HUGE (2 << 20)

/* Files: tmpfs files are created, copied and deleted; one in four deletions is of another worker's file. */

#define FILES 64

static void file_name(char *to, int worker, size_t number)
{
	sprintf(to, "/tmp/f%d-%zu", worker, number);
}

static void write_file(const char *path, size_t bytes)
{
	static char block[16 * PAGE];
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (file < 0)
		return;
	while (bytes > 0) {
		ssize_t n = write(file, block, bytes < sizeof(block) ? bytes : sizeof(block));

		if (n <= 0)
			break;
		bytes -= n;
	}
	close(file);
}

static void copy_file(const char *from, const char *to)
{
	static char block[16 * PAGE];
	int source = open(from, O_RDONLY), target = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	ssize_t n;

	while (source >= 0 && target >= 0 && (n = read(source, block, sizeof(block))) > 0)
		if (write(target, block, n) != n)
			break;
	if (source >= 0)
		close(source);
	if (target >= 0)
		close(target);
}

static void files(const struct task *task)
{
	/* Workers together hold a quarter of memory at most. */
	size_t most = task->memory / 4 / (FILES * task->cpus);
	char name[40], other[40];
	long i;

	for (i = 0; i < task->ops; i++) {
		size_t what = below(8);

		file_name(name, task->worker, below(FILES));
		if (what < 4) {
			write_file(name, below(most));
		} else if (what == 4) {
			file_name(other, task->worker, below(FILES));
			copy_file(name, other);
		} else {
			if (what == 7)
				file_name(name, below(task->cpus), below(FILES));
			unlink(name);
		}
	}
}

/* Fragment: memory is mapped, touched and dropped page by page at random, while small objects grow slabs. */

static char *area;
static size_t area_pages;

static void prepare_fragment(const struct task *task)
{
	area_pages = task->memory / 100 * 55 / PAGE;
	area = mmap(NULL, area_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		fail("fragment: mmap");
}

static void fragment(const struct task *task)
{
	size_t pages = area_pages / task->cpus;
	char *mine = area + task->worker * pages * PAGE, name[40];
	long i, grown = 0;

	for (i = 0; i < task->ops; i++) {
		size_t at = below(pages), what = below(100);

		if (what < 75) {
			mine[at * PAGE] = 1;
		} else if (what < 96) {
			madvise(mine + at * PAGE, PAGE, MADV_DONTNEED);
		} else if (what < 99) {
			sprintf(name, "/tmp/s%d-%ld", task->worker, grown++);
			mkdir(name, 0700);
		} else {
			sprintf(name, "/tmp/s%zu-%zu", below(task->cpus), below(grown + 1));
			rmdir(name);
		}
	}
}

/* Fork: children write to a part of inherited memory and end, some on another CPU than they began. */

#define INHERITED 256

static void fork_load(const struct task *task)
{
	char *memory = need_memory(INHERITED * PAGE);
	long i;

	memset(memory, 1, INHERITED * PAGE);
	for (i = 0; i < task->ops; i++) {
		pid_t child = fork();

		if (child == 0) {
			size_t n = below(INHERITED);

			seed_draws(task->seed + i * 7919 + task->worker);
			while (n--)
				memory[below(INHERITED) * PAGE] = 2;
			if (below(4) == 0)
				pin(below(task->cpus));
			_exit(0);
		}
		if (child > 0)
			waitpid(child, NULL, 0);
	}
}

/* THP: huge pages come and go whole or in part, beside small ones. */

#define AREAS 16

static void thp(const struct task *task)
{
	size_t bytes = task->memory / 100 * 55 / task->cpus / AREAS / HUGE * HUGE + HUGE;
	char *areas[AREAS];
	long i;
	int k;

	for (k = 0; k < AREAS; k++) {
		areas[k] = need_memory(bytes + HUGE);
		areas[k] += HUGE - (uintptr_t)areas[k] % HUGE;
	}
	for (i = 0; i < task->ops; i++) {
		char *at = areas[below(AREAS)] + below(bytes / HUGE) * HUGE, *page = at + below(HUGE / PAGE) * PAGE;
		size_t what = below(16);

		if (what < 8)
			page[0] = 1;
		else if (what < 10)
			madvise(at, HUGE, MADV_DONTNEED);
		else if (what < 13)
			madvise(page, PAGE, MADV_DONTNEED);
		else if (what == 13)
			mprotect(page, PAGE, PROT_READ);	/* splits the mapping */
		else
			mprotect(at, HUGE, PROT_READ | PROT_WRITE);
	}
}

/*
 * Reclaim: more memory than there is. Two fifths of it stay in use, the rest is given up (MADV_FREE), so kswapd and
 * requests themselves have pages to take without any disk. Names that sysfs does not have fill reclaimable slabs.
 */

#define CHUNK (16 * PAGE)

/* Low watermarks: requests outrun kswapd and reclaim themselves. */
static void prepare_reclaim(const struct task *task)
{
	write_text("/proc/sys/vm/min_free_kbytes", "512");
}

static void reclaim(const struct task *task)
{
	size_t chunks = task->memory / 10 * 13 / task->cpus / CHUNK;
	char *mine = need_memory(chunks * CHUNK), name[40];
	struct stat unused;
	long i;

	for (i = 0; i < task->ops; i++) {
		size_t at = below(chunks), what = below(10);

		if (what < 8) {
			memset(mine + at * CHUNK, 1, CHUNK);
			if (at > chunks / 10 * 3)
				madvise(mine + at * CHUNK, CHUNK, MADV_FREE);
		} else if (what < 9) {
			madvise(mine + at * CHUNK, CHUNK, MADV_DONTNEED);
		} else {
			sprintf(name, "/sys/no-%d-%ld", task->worker, i);
			stat(name, &unused);
		}
	}
}

/* Compact: three quarters of memory are small pages with holes everywhere; huge pages are asked for between them. */

static void prepare_compact(const struct task *task)
{
	size_t i;

	write_text("/sys/kernel/mm/transparent_hugepage/defrag", "always");
	area_pages = task->memory / 100 * 85 / PAGE;
	area = need_memory(area_pages * PAGE);
	madvise(area, area_pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < area_pages; i++)
		area[i * PAGE] = 1;
	for (i = 0; i < area_pages / 4; i++)
		madvise(area + below(area_pages) * PAGE, PAGE, MADV_DONTNEED);
}

#define HUGE_AREAS 8

static void compact(const struct task *task)
{
	char *areas = need_memory((HUGE_AREAS + 1) * (size_t)HUGE);
	size_t pages = area_pages / task->cpus;
	char *mine = area + task->worker * pages * PAGE;
	long i;

	areas += HUGE - (uintptr_t)areas % HUGE;
	for (i = 0; i < task->ops; i++) {
		size_t what = below(100), at = below(pages);

		if (what < 2)
			areas[below(HUGE_AREAS) * HUGE] = 1;
		else if (what < 4)
			madvise(areas + below(HUGE_AREAS) * HUGE, HUGE, MADV_DONTNEED);
		else if (what < 50)
			mine[at * PAGE] = 1;
		else
			madvise(mine + at * PAGE, PAGE, MADV_DONTNEED);
	}
}

/*
 * CMA: contiguous requests while memory is touched and dropped page by page and files come and go, so that movable
 * pages fill the area. Some pages are pinned by a pipe for a while, which no request can move.
 */

#define SLOTS 64		/* of all workers, as the module has them */
#define AREA_ORDER 11		/* requests take up to 2^11 pages */

static int pipes[2] = { -1, -1 };

/* What the pipe holds stays where it is until its ends are closed. */
static void pin_page(char *page)
{
	struct iovec one = { page, PAGE };

	if (pipes[0] >= 0) {
		close(pipes[0]);
		close(pipes[1]);
		pipes[0] = -1;
	} else if (pipe(pipes) == 0) {
		page[0] = 1;
		vmsplice(pipes[1], &one, 1, 0);
	}
}

static void prepare_cma(const struct task *task)
{
	size_t i;

	prepare_fragment(task);
	for (i = 0; i < area_pages; i++)
		if (below(8))
			area[i * PAGE] = 1;
}

static void contiguous(int first, int slots, char *taken)
{
	int k = below(slots), order = below(AREA_ORDER + 1);

	if (taken[k]) {
		give_contiguous(first + k);
		taken[k] = 0;
	} else {
		/* A power of two, aligned as drivers ask for it, or any number of pages. */
		size_t pages = (size_t)1 << order;
		int whole = below(2);

		taken[k] = take_contiguous(first + k, whole ? pages : 1 + below(pages), whole ? order > 8 ? 8 : order : 0);
	}
}

static void cma(const struct task *task)
{
	size_t pages = area_pages / task->cpus;
	char *mine = area + task->worker * pages * PAGE, name[40], taken[SLOTS] = { };
	int slots = SLOTS / task->cpus < 8 ? SLOTS / task->cpus : 8;
	long i;

	for (i = 0; i < task->ops; i++) {
		size_t at = below(pages), what = below(1000);

		if (what < 550) {
			mine[at * PAGE] = 1;
		} else if (what < 960) {
			madvise(mine + at * PAGE, PAGE, MADV_DONTNEED);
		} else if (what < 990) {
			file_name(name, task->worker, below(FILES));
			if (below(2))
				write_file(name, below(64 * PAGE));
			else
				unlink(name);
		} else if (what < 992) {
			pin_page(mine + at * PAGE);
		} else if (what < 996) {
			contiguous(task->worker * slots, slots, taken);
		}
	}
}

/* mTHP: areas of every size from four pages to a huge page are mapped, touched, dropped in part and unmapped. */

#define MTHP_AREAS 24

static void prepare_mthp(const struct task *task)
{
	char path[80];
	int order;

	for (order = 2; order <= 9; order++) {
		sprintf(path, "/sys/kernel/mm/transparent_hugepage/hugepages-%dkB/enabled", PAGE / 1024 << order);
		write_text(path, "always");
	}
}

static void mthp(const struct task *task)
{
	struct { char *at; size_t pages; } areas[MTHP_AREAS] = { };
	/* A huge page of addresses for each area, and one between two areas, so that none joins another. */
	char *room = need_memory((2 * MTHP_AREAS + 1) * (size_t)HUGE);
	long i;

	room += HUGE - (uintptr_t)room % HUGE;
	munmap(room, 2 * MTHP_AREAS * (size_t)HUGE);
	for (i = 0; i < task->ops; i++) {
		size_t k = below(MTHP_AREAS), what = below(8), page;

		if (!areas[k].at) {
			areas[k].pages = 4 << below(8);
			areas[k].at = mmap(room + 2 * k * HUGE + below(512 / areas[k].pages) * areas[k].pages * PAGE,
					   areas[k].pages * PAGE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
			if (areas[k].at == MAP_FAILED)
				fail("mthp: mmap");
		}
		page = below(areas[k].pages);
		if (what < 4) {
			areas[k].at[page * PAGE] = 1;
		} else if (what < 6) {
			madvise(areas[k].at + page * PAGE, (1 + below(areas[k].pages - page)) * PAGE, MADV_DONTNEED);
		} else {
			munmap(areas[k].at, areas[k].pages * PAGE);
			areas[k].at = NULL;
		}
	}
}

const struct workload workloads[] = {
	{ "files", "never", NULL, files },
	{ "fragment", "never", prepare_fragment, fragment },
	{ "fork", "never", NULL, fork_load },
	{ "thp", "always", NULL, thp },
	{ "reclaim", "never", prepare_reclaim, reclaim },
	{ "compact", "always", prepare_compact, compact },
	{ "cma", "never", prepare_cma, cma },
	{ "mthp", "always", prepare_mthp, mthp },
	{ },
};
