// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Tables of probes. A function may have another name in another release: `names` has them all, with | between. */
#include "recorder.h"

static bool next_name(const char **names, char *name, size_t room)
{
	size_t n = strcspn(*names, "|");

	if (n == 0 || n >= room)
		return false;
	memcpy(name, *names, n);
	name[n] = 0;
	*names += n + ((*names)[n] == '|');
	return true;
}

static void begin_entry(struct probe *probe)
{
	const char *names = probe->names;

	while (!probe->found && next_name(&names, probe->name, sizeof(probe->name))) {
		probe->entry = (struct kprobe){ .symbol_name = probe->name, .pre_handler = probe->handler };
		probe->found = register_kprobe(&probe->entry) == 0;
	}
}

static void begin_return(struct probe *probe)
{
	const char *names = probe->names;

	while (!probe->found && next_name(&names, probe->name, sizeof(probe->name))) {
		probe->whole = (struct kretprobe){
			.kp.symbol_name = probe->name, .entry_handler = probe->before, .handler = probe->after,
			.data_size = probe->data_size, .maxactive = 128,
		};
		probe->found = register_kretprobe(&probe->whole) == 0;
	}
}

int probe_table_begin(struct probe *table, int n)
{
	int i, ret = 0;

	for (i = 0; i < n; i++) {
		if (table[i].handler)
			begin_entry(&table[i]);
		else
			begin_return(&table[i]);
		if (table[i].found)
			continue;
		pr_info("pageblock: no probe at %s\n", table[i].names);
		if (!table[i].optional)
			ret = -EOPNOTSUPP;
	}
	if (ret)
		probe_table_end(table, n);
	return ret;
}

void probe_table_end(struct probe *table, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (table[i].found && table[i].handler)
			unregister_kprobe(&table[i].entry);
		else if (table[i].found)
			unregister_kretprobe(&table[i].whole);
		table[i].found = false;
	}
}

unsigned long probe_table_missed(struct probe *table, int n)
{
	unsigned long missed = 0;
	int i;

	for (i = 0; i < n; i++)
		missed += table[i].entry.nmissed + table[i].whole.nmissed + table[i].whole.kp.nmissed;
	return missed;
}

void *symbol_named(const char *name)
{
	static unsigned long (*lookup)(const char *name);
	struct kprobe p = { .symbol_name = "kallsyms_lookup_name" };

	if (!lookup && register_kprobe(&p) == 0) {
		lookup = (void *)p.addr;
		unregister_kprobe(&p);
	}
	return lookup ? (void *)lookup(name) : NULL;
}
