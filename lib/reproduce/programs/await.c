/* Waits until a report is there. Exit status 0: it is; 1: the program has ended without one; 4: the time is over.
 * Without --report and --pid, waits until the time is over: a sleep that ends with the script. */
#include "common.h"

int main(int argc, char **argv)
{
    static uint64_t pid;
    const struct option_of own[] = { { "--pid", &pid, 1ULL << 31 }, { NULL, NULL, 0 } };
    uint64_t until;
    char state[256], stat[64];

    read_options(argc, argv, own);
    begin(0);
    if ((opt_report == NULL) != (pid == 0))
        fail("--report and --pid", "must be given together");
    until = nanoseconds() + opt_seconds * 1000000000ULL;
    while (opt_report == NULL && nanoseconds() < until && !must_end)
        pause_ms(100);
    if (opt_report == NULL)
        return must_end ? 3 : 0;
    snprintf(stat, sizeof stat, "/proc/%" PRIu64 "/stat", pid);
    while (nanoseconds() < until && !must_end) {
        FILE *f;
        char *mark;

        if (access(opt_report, F_OK) == 0)
            return 0;
        f = fopen(stat, "re");
        if (f == NULL)
            return 1;
        mark = fgets(state, sizeof state, f) == NULL ? NULL : strrchr(state, ')');
        fclose(f);
        /* Ended, and not yet waited for: a report written in between counts. */
        if (mark == NULL || mark[2] == 'Z')
            return access(opt_report, F_OK) == 0 ? 0 : 1;
        pause_ms(10);
    }
    return must_end ? 3 : 4;
}
