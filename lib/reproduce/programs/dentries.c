/* Reclaimable slab: names that were looked up and do not exist (negative dentries). A file system that keeps none gets
 * empty files in their place. The amount is computed from the number of objects; the snapshots' Slab says what it is. */
#include "common.h"
#include <sys/stat.h>

#define DENTRY_BYTES 192
/* An inode with its dentry; file systems differ. */
#define FILE_OBJECT_BYTES 1280
#define TRIED 1000
#define NAMES_MOST 20000000
#define FILES_MOST 200000

/* Negative dentries that wait unused, the fifth number; 0 before the kernel counts them. */
static uint64_t negative(void)
{
    uint64_t n[5] = { 0, 0, 0, 0, 0 };
    FILE *f = fopen("/proc/sys/fs/dentry-state", "re");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &n[0], &n[1], &n[2], &n[3], &n[4]) != 5)
        n[4] = 0;
    fclose(f);
    return n[4];
}

int main(int argc, char **argv)
{
    const struct option_of own[] = { { NULL, NULL, 0 } };
    uint64_t i, names, before, kept, files = 0, held;
    char path[4096], more[96];
    int dir;

    read_options(argc, argv, own);
    begin(opt_kib);
    if (opt_dir == NULL)
        fail("--dir", "must be given");
    if (snprintf(path, sizeof path, "%s/names", opt_dir) >= (int)sizeof path)
        fail("--dir", "is too long");
    names = opt_kib * KIB / DENTRY_BYTES;
    if (names > NAMES_MOST) {
        names = NAMES_MOST;
        say("cut to 20000000 names");
    }
    /* A folder of its own: when it goes, its dentries go. */
    if (mkdir(path, 0700) != 0 || (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        fail("--dir", strerror(errno));
    before = negative();
    for (i = 0; i < names; i++) {
        char name[32];

        if (i % 4096 == 0 && !may_go_on())
            break;
        if (must_end)
            break;
        snprintf(name, sizeof name, "n%012" PRIu64, i);
        faccessat(dir, name, F_OK, 0);
        if (i + 1 == TRIED && negative() < before + TRIED / 2)
            break;
    }
    kept = negative();
    held = i * DENTRY_BYTES / KIB;
    if (names > TRIED && kept < before + TRIED / 2) {
        uint64_t most = opt_kib * KIB / FILE_OBJECT_BYTES;

        say("the file system keeps no negative dentries: empty files were made");
        most = most < FILES_MOST ? most : FILES_MOST;
        for (; files < most; files++) {
            char name[32];
            int fd;

            if (files % 1024 == 0 && !may_go_on())
                break;
            if (must_end)
                break;
            snprintf(name, sizeof name, "f%012" PRIu64, files);
            fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
            if (fd < 0)
                break;
            close(fd);
        }
        held = files * FILE_OBJECT_BYTES / KIB;
    }
    snprintf(more, sizeof more, ",\"names\":%" PRIu64 ",\"files\":%" PRIu64, i, files);
    report("dentries", held, more);
    stay_until_end();
    for (i = 0; i < files; i++) {
        char name[32];

        snprintf(name, sizeof name, "f%012" PRIu64, i);
        unlinkat(dir, name, 0);
    }
    close(dir);
    rmdir(path);
    return 0;
}
