// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * /dev/pageblock-recorder. A write is a command: "snapshot N" takes an exact snapshot (0 begins the recording, 1 ends
 * it), "text NAME" and a newline put what follows into the ring, "take SLOT PAGES ALIGN" and "give SLOT" make and end a
 * contiguous request. A read returns the ring from its first page on.
 */
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "recorder.h"

static unsigned long ring_mb = 64;
module_param(ring_mb, ulong, 0444);
MODULE_PARM_DESC(ring_mb, "size of the ring in MiB (default 64)");

static bool ring_device;
module_param(ring_device, bool, 0444);
MODULE_PARM_DESC(ring_device, "overwrite the memory of the first ivshmem device: it is the ring (default: no)");

static DEFINE_MUTEX(busy);

static int put_text(const char *name, const char *content, size_t length)
{
	size_t room;
	char *to;

	if (recording)
		return -EBUSY;	/* a blob has no place among records that are being written */
	to = ring_blob_begin(name, &room);
	if (!to || length > room)
		return -ENOSPC;
	memcpy(to, content, length);
	ring_blob_end(length);
	return 0;
}

static int command(char *line, size_t length)
{
	unsigned int slot, align;
	unsigned long n;
	char *newline;
	int number;

	if (sscanf(line, "snapshot %d", &number) == 1) {
		if (number < 0 || number > 9)
			return -EINVAL;
		return snapshot_take(number);
	}
	if (sscanf(line, "take %u %lu %u", &slot, &n, &align) == 3)
		return contig_take(slot, n, align);
	if (sscanf(line, "give %u", &slot) == 1)
		return contig_give(slot);
	newline = strchr(line, '\n');
	if (strncmp(line, "text ", 5) != 0 || !newline)
		return -EINVAL;
	*newline = 0;
	return put_text(line + 5, newline + 1, length - (newline + 1 - line));
}

static ssize_t device_write(struct file *file, const char __user *from, size_t length, loff_t *pos)
{
	char *line;
	int ret;

	if (length == 0 || length > 4 << 20)
		return -EINVAL;
	line = kvmalloc(length + 1, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	ret = -EFAULT;
	if (copy_from_user(line, from, length) == 0) {
		line[length] = 0;
		mutex_lock(&busy);
		ret = command(line, length);
		mutex_unlock(&busy);
	}
	kvfree(line);
	ring_first_page()->missed = probes_missed() + daemons_missed() + rotations_missed() + contig_missed();
	return ret < 0 ? ret : length;
}

static ssize_t device_read(struct file *file, char __user *to, size_t length, loff_t *pos)
{
	struct ring_head *head = ring_first_page();

	return simple_read_from_buffer(to, length, pos, head, PAGE_SIZE + head->used);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = device_read,
	.write = device_write,
	.llseek = default_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pageblock-recorder",
	.fops = &operations,
	.mode = 0600,
};

static int __init recorder_init(void)
{
	int ret = ring_open(ring_mb, ring_device);

	if (ret)
		return ret;
	ret = probes_begin();
	if (ret)
		goto no_probes;
	ret = daemons_begin();
	if (ret)
		goto no_daemons;
	ret = rotations_begin();
	if (ret)
		goto no_rotations;
	ret = contig_begin();
	if (ret)
		goto no_contig;
	ret = events_begin();
	if (ret)
		goto no_events;
	ret = misc_register(&device);
	if (!ret)
		return 0;
	events_end();
no_events:
	contig_end();
no_contig:
	rotations_end();
no_rotations:
	daemons_end();
no_daemons:
	probes_end();
no_probes:
	ring_close();
	return ret;
}

static void __exit recorder_exit(void)
{
	misc_deregister(&device);
	recording = false;
	events_end();
	contig_end();
	rotations_end();
	daemons_end();
	probes_end();
	contig_give_all();
	ring_close();
}

module_init(recorder_init);
module_exit(recorder_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Records every event of the page allocator between two exact snapshots, for pageblock");
