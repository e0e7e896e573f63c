/* The request: huge pages, by faults in an area with MADV_HUGEPAGE or from the pool of hugetlb. Each is timed. */
#include "common.h"

#ifndef MAP_HUGETLB
#define MAP_HUGETLB 0x40000
#endif
#define TIMES_KEPT 256
#ifndef HUGE_SIZE_FILE
#define HUGE_SIZE_FILE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#endif

static uint64_t hugetlb, pages_each = 1, times = 1, held_times = 1;

static uint64_t huge_bytes(void)
{
    if (hugetlb)
        return kib_in("/proc/meminfo", "Hugepagesize") * KIB;
    return number_in(HUGE_SIZE_FILE, 0);
}

struct got {
    unsigned char *map;
    uint64_t bytes;
    uint64_t huge;
};

/* A fault of a huge page makes its last base page present; a fault of a base page does not. */
static uint64_t fault_all(unsigned char *at, uint64_t bytes)
{
    uint64_t page = page_bytes(), done, got = 0;

    for (done = 0; done + bytes <= pages_each * bytes && may_go_on(); done += bytes) {
        unsigned char last = 0;

        at[done] = 1;
        if (mincore(at + done + bytes - page, page, &last) == 0 && (last & 1) != 0)
            got++;
    }
    return got;
}

static struct got ask_once(uint64_t bytes)
{
    struct got got = { NULL, pages_each * bytes + (hugetlb ? 0 : bytes), 0 };
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (hugetlb ? MAP_HUGETLB : MAP_NORESERVE);
    unsigned char *map = mmap(NULL, got.bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

    if (map == MAP_FAILED)
        return got;
    got.map = map;
    if (hugetlb) {
        got.huge = fault_all(map, bytes);
        return got;
    }
    map += (bytes - (uintptr_t)map % bytes) % bytes;
    madvise(map, pages_each * bytes, MADV_HUGEPAGE);
    got.huge = fault_all(map, bytes);
    return got;
}

int main(int argc, char **argv)
{
    const struct option_of own[] = { { "--hugetlb", &hugetlb, 1 },
                                     { "--pages", &pages_each, 1ULL << 24 },
                                     { "--times", &times, 1000000 },
                                     { "--held", &held_times, 4096 },
                                     { NULL, NULL, 0 } };
    static char more[64 * 64 + TIMES_KEPT * 24];
    uint64_t bytes, i, granted = 0, huge = 0, asked = 0, took[TIMES_KEPT];
    struct got *holding;
    size_t at;

    read_options(argc, argv, own);
    bytes = huge_bytes();
    if (bytes < KIB) {
        say(hugetlb ? "refused: the kernel has no hugetlb" : "refused: the kernel has no transparent huge pages");
        report("ask", 0, ",\"asked\":0,\"granted\":0,\"hugeAsked\":0,\"hugeGranted\":0,\"hugeKib\":0,\"ns\":[]");
        return 0;
    }
    if (pages_each == 0 || held_times == 0)
        fail("--pages and --held", "must be 1 or more");
    /* By division, for the product may be larger than a number of 64 bits. */
    if (pages_each > opt_limit_kib / held_times / (bytes / KIB))
        fail("--pages", "times --held huge pages are more than --limit-kib");
    begin(pages_each * held_times * (bytes / KIB));
    holding = calloc((size_t)held_times, sizeof *holding);
    if (holding == NULL)
        fail("calloc", strerror(errno));
    for (i = 0; i < times && may_go_on(); i++) {
        struct got *slot = &holding[i % held_times];
        uint64_t started;

        if (slot->map != NULL)
            munmap(slot->map, slot->bytes);
        started = nanoseconds();
        *slot = ask_once(bytes);
        if (i < TIMES_KEPT)
            took[i] = nanoseconds() - started;
        asked++;
        huge += slot->huge;
        granted += slot->huge == pages_each;
    }
    at = (size_t)snprintf(more, sizeof more,
                          ",\"asked\":%" PRIu64 ",\"granted\":%" PRIu64 ",\"hugeAsked\":%" PRIu64
                          ",\"hugeGranted\":%" PRIu64 ",\"hugeKib\":%" PRIu64 ",\"ns\":[",
                          asked, granted, asked * pages_each, huge, (uint64_t)(bytes / KIB));
    for (i = 0; i < asked && i < TIMES_KEPT; i++)
        at += (size_t)snprintf(more + at, sizeof more - at, "%s%" PRIu64, i == 0 ? "" : ",", took[i]);
    snprintf(more + at, sizeof more - at, "]");
    report("ask", kib_in("/proc/self/smaps", hugetlb ? "Private_Hugetlb" : "AnonHugePages"), more);
    stay_until_end();
    return 0;
}
