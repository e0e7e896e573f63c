/* Page tables: reads one page of each range that a table maps. The page read is the kernel's page of zeros, so that
 * only the tables take memory. */
#include "common.h"

#define AREA_TABLES 512

int main(int argc, char **argv)
{
    const struct option_of own[] = { { NULL, NULL, 0 } };
    uint64_t page = page_bytes(), range = page / 8 * page, tables = 0, wanted, before;

    read_options(argc, argv, own);
    begin(opt_kib);
    /* A huge page would need no table of its own. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    wanted = opt_kib * KIB / page;
    before = kib_in("/proc/self/status", "VmPTE");
    while (tables < wanted && may_go_on()) {
        uint64_t n = wanted - tables < AREA_TABLES ? wanted - tables : AREA_TABLES, i;
        volatile unsigned char *at =
            mmap(NULL, (n + 1) * range, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at == MAP_FAILED) {
            say_errno("stopped: mmap");
            break;
        }
        for (i = 0; i < n && !must_end; i++)
            (void)at[i * range];
        tables += n;
    }
    report("tables", kib_in("/proc/self/status", "VmPTE") - before, "");
    stay_until_end();
    return 0;
}
