/* Page cache: writes files below --dir and reads them. A share stays dirty; the rest is written back and is clean. */
#include "common.h"
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#define FILE_BYTES (8 * MIB)
#define FILES_MOST 100000
#define TMPFS_MAGIC_NUMBER 0x01021994L
#define RAMFS_MAGIC_NUMBER 0x858458f6L

static uint64_t dirty_ppm, turnover_kib, hold = 60;

static int name_of(char *path, size_t bytes, uint64_t i)
{
    return snprintf(path, bytes, "%s/f%06" PRIu64, opt_dir, i) < (int)bytes;
}

static uint64_t size_of(uint64_t i, uint64_t total)
{
    uint64_t left = total - i * FILE_BYTES;

    return left < FILE_BYTES ? left : FILE_BYTES;
}

static int write_file(uint64_t i, uint64_t bytes, int clean)
{
    static uint64_t block[64 * KIB / sizeof(uint64_t)];
    char path[4096];
    uint64_t done = 0;
    size_t j;
    int fd;

    for (j = 0; j < sizeof block / sizeof block[0]; j++)
        block[j] = draw();
    if (!name_of(path, sizeof path, i))
        return 0;
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    while (done < bytes && !must_end) {
        ssize_t n = write(fd, block, bytes - done < sizeof block ? (size_t)(bytes - done) : sizeof block);

        if (n <= 0)
            break;
        done += (uint64_t)n;
    }
    if (clean)
        fsync(fd);
    close(fd);
    return done == bytes;
}

static int read_file(uint64_t i, int drop)
{
    static char block[64 * KIB];
    char path[4096];
    int fd;

    if (!name_of(path, sizeof path, i))
        return 0;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (drop)
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    while (!must_end && read(fd, block, sizeof block) > 0)
        ;
    close(fd);
    return 1;
}

/* Pages of the files that lie in memory now. */
static uint64_t resident_kib(uint64_t files, uint64_t total)
{
    static unsigned char there[FILE_BYTES / 4096];
    uint64_t i, j, page = page_bytes(), pages = 0;
    char path[4096];

    for (i = 0; i < files; i++) {
        uint64_t bytes = size_of(i, total);
        void *map;
        int fd;

        if (!name_of(path, sizeof path, i))
            break;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            break;
        map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        if (map == MAP_FAILED)
            break;
        if (mincore(map, bytes, there) == 0)
            for (j = 0; j < (bytes + page - 1) / page; j++)
                pages += there[j] & 1;
        munmap(map, bytes);
    }
    return pages * page / KIB;
}

int main(int argc, char **argv)
{
    const struct option_of own[] = { { "--dirty-ppm", &dirty_ppm, 1000000 },
                                     { "--turnover-kib", &turnover_kib, 1ULL << 50 },
                                     { "--hold", &hold, 86400 },
                                     { NULL, NULL, 0 } };
    uint64_t total, files, i, made = 0, turned = 0, started, dirty;
    struct statvfs room;
    struct statfs kind;
    char path[4096], more[96];

    read_options(argc, argv, own);
    if (hold == 0)
        fail("--hold", "must be 1 or more");
    begin(opt_kib);
    total = opt_kib * KIB;
    files = (total + FILE_BYTES - 1) / FILE_BYTES;
    if (opt_dir == NULL)
        fail("--dir", "must be given");
    if (files == 0) {
        report("files", 0, "");
        return 0;
    }
    if (files > FILES_MOST)
        fail("--kib", "is too large");
    if (statvfs(opt_dir, &room) != 0)
        fail("--dir", strerror(errno));
    if ((uint64_t)room.f_bavail * room.f_frsize / 2 < total) {
        say("refused: the files would take more than half of the free space below --dir");
        report("files", 0, "");
        return 1;
    }
    if (statfs(opt_dir, &kind) == 0 &&
        ((long)kind.f_type == TMPFS_MAGIC_NUMBER || (unsigned long)kind.f_type == RAMFS_MAGIC_NUMBER))
        say("the file system lies in memory: its pages are shared memory and are not dropped");
    dirty = files * dirty_ppm / 1000000;
    for (i = 0; i < files && may_go_on(); i++, made++)
        if (!write_file(i, size_of(i, total), i < files - dirty)) {
            say_errno("a file could not be written");
            break;
        }
    for (i = 0; i < made && !must_end; i++)
        read_file(i, 0);
    report("files", resident_kib(made, total), "");
    started = nanoseconds();
    while (!must_end && made > dirty && turnover_kib > 0) {
        double due = (double)turnover_kib * (double)(nanoseconds() - started) / 1e9 / (double)hold;

        due = due < (double)turnover_kib ? due : (double)turnover_kib;
        if ((double)(turned * FILE_BYTES / KIB) < due) {
            if (!may_go_on())
                break;
            read_file(draw_below(made - dirty), 1);
            turned++;
        } else
            pause_ms(20);
    }
    stay_until_end();
    snprintf(more, sizeof more, ",\"turnedKib\":%" PRIu64, turned * FILE_BYTES / KIB);
    report("files", resident_kib(made, total), more);
    for (i = 0; i < files; i++)
        if (name_of(path, sizeof path, i))
            unlink(path);
    return 0;
}
