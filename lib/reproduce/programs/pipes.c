/* Unmovable memory through pipes: what lies in a pipe is a page of the kernel that nothing can move. */
#include "common.h"

int main(int argc, char **argv)
{
    const struct option_of own[] = { { NULL, NULL, 0 } };
    static char block[64 * KIB];
    uint64_t most, page = page_bytes(), held = 0, pipes = 0, wanted;
    char more[64];

    read_options(argc, argv, own);
    begin(opt_kib);
    more_files();
    most = number_in("/proc/sys/fs/pipe-max-size", 65536);
    wanted = opt_kib * KIB / page * page;
    memset(block, 1, sizeof block);
    while (held < wanted && may_go_on()) {
        uint64_t left = wanted - held, room, in = 0;
        int ends[2], size;

        if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
            say_errno("stopped: pipe2");
            break;
        }
        /* Beyond the user's limit the kernel refuses a larger pipe; the pipe stays as it is. */
        for (room = most; room > page && room / 2 >= left; room /= 2)
            ;
        fcntl(ends[1], F_SETPIPE_SZ, (int)room);
        size = fcntl(ends[1], F_GETPIPE_SZ);
        if (size < (int)room)
            say("pipes are smaller than pipe-max-size: the limit of pages in pipes of this user is reached");
        while (in < left && in < (uint64_t)(size < 0 ? 0 : size)) {
            uint64_t n = left - in < sizeof block ? left - in : sizeof block;
            ssize_t wrote = write(ends[1], block, (size_t)n);

            if (wrote <= 0)
                break;
            in += (uint64_t)wrote;
        }
        held += in;
        pipes++;
        if (in == 0) {
            say("stopped: a pipe took nothing");
            break;
        }
    }
    snprintf(more, sizeof more, ",\"pipes\":%" PRIu64, pipes);
    report("pipes", held / KIB, more);
    stay_until_end();
    return 0;
}
