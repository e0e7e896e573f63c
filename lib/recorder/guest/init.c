// SPDX-License-Identifier: MIT
/* The first process of the guest: loads the recorder, runs a workload between two snapshots, and powers off. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"

static uint64_t state = 1;

uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

void seed_draws(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	draw();
	draw();
}

size_t below(size_t n)
{
	return n ? (draw() >> 11) % n : 0;
}

static void power_off(void)
{
	fflush(NULL);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

void fail(const char *what)
{
	printf("recorder: FAILED %s: %s\n", what, strerror(errno));
	if (getpid() == 1)
		power_off();
	_exit(1);
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void *need_memory(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

void write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		printf("recorder: note: %s: %s\n", path, strerror(errno));
	if (file >= 0)
		close(file);
}

static char buffer[4 << 20];

static size_t read_text(const char *path, char *to, size_t room)
{
	int file = open(path, O_RDONLY);
	size_t used = 0;
	ssize_t n;

	if (file < 0)
		return 0;
	while (used < room && (n = read(file, to + used, room - used)) > 0)
		used += n;
	close(file);
	return used;
}

static int device;

static void command(const char *text, size_t length)
{
	if (write(device, text, length) != (ssize_t)length)
		fail(text);
}

int take_contiguous(int slot, size_t pages, int align)
{
	char text[60];
	int length = sprintf(text, "take %d %zu %d", slot, pages, align);

	return write(device, text, length) == length;
}

void give_contiguous(int slot)
{
	char text[20];

	command(text, sprintf(text, "give %d", slot));
}

static void snapshot(int slot)
{
	char text[20];

	command(text, sprintf(text, "snapshot %d", slot));
}

/* Puts a file of /proc into the ring. */
static void keep(const char *path, const char *name, const char *suffix)
{
	size_t n = sprintf(buffer, "text %s%s\n", name, suffix);

	command(buffer, n + read_text(path, buffer + n, sizeof(buffer) - n));
}

static void keep_all(const char *suffix)
{
	keep("/proc/buddyinfo", "buddyinfo", suffix);
	keep("/proc/pagetypeinfo", "pagetypeinfo", suffix);
	keep("/proc/zoneinfo", "zoneinfo", suffix);
	keep("/proc/vmstat", "vmstat", suffix);
	keep("/proc/meminfo", "meminfo", suffix);
}

static const char *const sysctls[] = {
	"compaction_proactiveness", "extfrag_threshold", "lowmem_reserve_ratio", "min_free_kbytes",
	"percpu_pagelist_high_fraction", "stat_interval", "watermark_boost_factor", "watermark_scale_factor",
	"defrag_mode", "swappiness", NULL,
};

static void keep_sysctls(void)
{
	size_t n = sprintf(buffer, "text sysctl_vm\n");
	char path[80], value[200];
	int i;

	for (i = 0; sysctls[i]; i++) {
		size_t got;

		sprintf(path, "/proc/sys/vm/%s", sysctls[i]);
		got = read_text(path, value, sizeof(value) - 1);
		if (got == 0)
			continue;
		value[got] = 0;
		value[strcspn(value, "\n")] = 0;
		n += sprintf(buffer + n, "%s %s\n", sysctls[i], value);
	}
	command(buffer, n);
}

/* The value of name= on the kernel's command line. */
static const char *asked(const char *name, const char *otherwise)
{
	static char line[4096], value[200];
	char *at = line;
	size_t length = strlen(name);

	line[read_text("/proc/cmdline", line, sizeof(line) - 1)] = 0;
	while ((at = strstr(at, name)) != NULL) {
		if ((at == line || at[-1] == ' ') && at[length] == '=') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + length + 1, " \n"), at + length + 1);
			return value;
		}
		at += length;
	}
	return otherwise;
}

static void load_module(const char *path, const char *parameters)
{
	int file = open(path, O_RDONLY);

	if (file < 0 || syscall(SYS_finit_module, file, parameters, 0) != 0)
		fail(path);
	close(file);
}

static const struct workload *find_workload(const char *name)
{
	const struct workload *w;

	for (w = workloads; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	errno = ENOENT;
	fail("workload");
	return NULL;
}

static void run_workers(const struct workload *w, struct task *task)
{
	int status, bad = 0;

	for (task->worker = 0; task->worker < task->cpus; task->worker++)
		if (fork() == 0) {
			pin(task->worker);
			seed_draws(task->seed * 1000 + task->worker);
			w->run(task);
			_exit(0);
		}
	while (wait(&status) > 0)
		bad |= status;
	if (bad)
		printf("recorder: note: a worker ended with status %d\n", bad);
}

static void mounts(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) || mount("sys", "/sys", "sysfs", 0, NULL) ||
	    mount("dev", "/dev", "devtmpfs", 0, NULL) || mount("tmp", "/tmp", "tmpfs", 0, "size=90%,nr_inodes=0"))
		fail("mount");
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(void)
{
	const struct workload *w;
	struct task task = { };

	mounts();
	task.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	task.memory = (size_t)sysconf(_SC_PHYS_PAGES) * 4096;
	task.seed = atol(asked("seed", "1"));
	task.ops = atol(asked("ops", "10000"));
	w = find_workload(asked("workload", "files"));
	write_text("/sys/kernel/mm/transparent_hugepage/enabled", w->thp);
	write_text("/proc/sys/vm/watermark_boost_factor", asked("boost", "0"));
	write_text("/proc/sys/vm/compaction_proactiveness", asked("proact", "0"));
	load_module("/pageblock_recorder.ko", "ring_device=1");
	device = open("/dev/pageblock-recorder", O_RDWR);
	if (device < 0)
		fail("/dev/pageblock-recorder");
	if (w->prepare)
		w->prepare(&task);
	sleep(1);
	keep("/proc/version", "version", "");
	keep("/proc/cmdline", "cmdline", "");
	keep_sysctls();
	keep_all(".s0");
	printf("recorder: %s on %d CPUs begins\n", w->name, task.cpus);
	snapshot(0);
	run_workers(w, &task);
	snapshot(1);
	printf("recorder: %s ended\n", w->name);
	keep_all(".s1");
	printf("recorder: complete\n");
	power_off();
	return 0;
}
