/* Anonymous memory: maps and touches it, gives back single pages at random (holes), then replaces pieces at random. */
#include "common.h"

#define PIECE_PAGES 16

static uint64_t holes_kib, turnover_kib, hold = 60;
static unsigned char *hole; /* a bit for each page */

static void touch(unsigned char *at, uint64_t pages, uint64_t first)
{
    uint64_t page = page_bytes(), i;

    for (i = 0; i < pages; i++)
        if ((hole[(first + i) / 8] & (1 << ((first + i) % 8))) == 0)
            at[i * page] = 1;
}

/* Gives back exactly `n` of `of` pages, every choice with the same chance; neighbours in one call. */
static void punch(unsigned char *at, uint64_t n, uint64_t of)
{
    uint64_t page = page_bytes(), i, run = 0;

    for (i = 0; i <= of; i++) {
        int give = i < of && draw_below(of - i) < n;

        if (give) {
            hole[i / 8] = (unsigned char)(hole[i / 8] | (1 << (i % 8)));
            n--;
            run++;
        } else if (run > 0) {
            madvise(at + (i - run) * page, run * page, MADV_DONTNEED);
            run = 0;
        }
    }
}

static int replace(unsigned char *area, uint64_t first, uint64_t pages)
{
    uint64_t page = page_bytes();
    unsigned char *at = area + first * page;

    if (munmap(at, pages * page) != 0)
        return 0;
    if (mmap(at, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
             0) == MAP_FAILED)
        return 0;
    touch(at, pages, first);
    return 1;
}

int main(int argc, char **argv)
{
    const struct option_of own[] = { { "--holes-kib", &holes_kib, 1ULL << 40 },
                                     { "--turnover-kib", &turnover_kib, 1ULL << 50 },
                                     { "--hold", &hold, 86400 },
                                     { NULL, NULL, 0 } };
    uint64_t page = page_bytes(), pages, touched = 0, turned = 0, due = 0, started;
    unsigned char *area;
    char more[96];

    read_options(argc, argv, own);
    if (hold == 0)
        fail("--hold", "must be 1 or more");
    begin(opt_kib + holes_kib);
    pages = (opt_kib + holes_kib) * KIB / page;
    if (pages == 0) {
        report("anon", 0, "");
        return 0;
    }
    /* Holes are single pages: a huge page would fill them again. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    hole = calloc(pages / 8 + 1, 1);
    area = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (hole == NULL || area == MAP_FAILED) {
        say_errno("mmap");
        report("anon", 0, "");
        return 1;
    }
    while (touched < pages && may_go_on()) {
        uint64_t n = STEP_BYTES / page < pages - touched ? STEP_BYTES / page : pages - touched;

        touch(area + touched * page, n == 0 ? 1 : n, touched);
        touched += n == 0 ? 1 : n;
    }
    punch(area, holes_kib * KIB / page < touched ? holes_kib * KIB / page : touched, touched);
    report("anon", kib_in("/proc/self/smaps", "Anonymous"), "");
    started = nanoseconds();
    while (!must_end) {
        pause_ms(20);
        /* What was never touched, because of the floor, is left alone. */
        if (touched < PIECE_PAGES || turnover_kib == 0)
            continue;
        due = (uint64_t)((double)turnover_kib * (double)(nanoseconds() - started) / 1e9 / (double)hold);
        due = due < turnover_kib ? due : turnover_kib;
        while (turned * PIECE_PAGES * page / KIB < due && !must_end) {
            if (turned % 64 == 0 && !may_go_on())
                break;
            if (!replace(area, draw_below(touched / PIECE_PAGES) * PIECE_PAGES, PIECE_PAGES)) {
                say_errno("a piece could not be replaced");
                must_end = 1;
            }
            turned++;
        }
        if (note[0] != '\0')
            break;
    }
    snprintf(more, sizeof more, ",\"turnedKib\":%" PRIu64, turned * PIECE_PAGES * page / KIB);
    report("anon", kib_in("/proc/self/smaps", "Anonymous"), more);
    stay_until_end();
    return 0;
}
