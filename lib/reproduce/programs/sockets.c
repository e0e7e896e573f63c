/* Buffers of sockets: bytes that were sent through a pair of local sockets and are not read. The kernel asks for
 * blocks of up to order 3 for them and falls back to single pages. Nothing leaves the process. */
#include "common.h"
#include <sys/socket.h>

int main(int argc, char **argv)
{
    const struct option_of own[] = { { NULL, NULL, 0 } };
    static char block[32 * KIB];
    uint64_t held = 0, pairs = 0, wanted;
    char more[64];

    read_options(argc, argv, own);
    begin(opt_kib);
    more_files();
    wanted = opt_kib * KIB;
    memset(block, 1, sizeof block);
    while (held < wanted && may_go_on()) {
        int ends[2], bytes = 4 * 1024 * 1024;
        uint64_t in = 0;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
            say_errno("stopped: socketpair");
            break;
        }
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        while (held + in < wanted) {
            uint64_t left = wanted - held - in;
            ssize_t sent = send(ends[0], block, left < sizeof block ? (size_t)left : sizeof block, MSG_NOSIGNAL);

            if (sent <= 0)
                break;
            in += (uint64_t)sent;
        }
        held += in;
        pairs++;
        if (in == 0) {
            say("stopped: a socket took nothing");
            break;
        }
    }
    snprintf(more, sizeof more, ",\"pairs\":%" PRIu64, pairs);
    report("sockets", held / KIB, more);
    stay_until_end();
    return 0;
}
