/* Pinned pages: anonymous memory registered as buffers of io_uring; where that is refused, its pages lie in pipes
 * through vmsplice. Says which was refused, and goes on. */
#include "common.h"
#include <sys/syscall.h>
#include <sys/uio.h>

/* The same numbers on every processor that has them, Alpha aside. */
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_io_uring_register
#define SYS_io_uring_register 427
#endif
#define REGISTER_BUFFERS 0
/* The kernel's limit for one buffer is 1 GiB. */
#define BUFFER_BYTES (64 * MIB)
#define BUFFERS_MOST 1024

static char refused[NOTE_BYTES] = "";

static void refuse(const char *what)
{
    snprintf(refused, sizeof refused, "%s refused: %s", what, strerror(errno));
}

/* True if all of it is registered; the kernel takes all buffers or none. */
static int through_io_uring(unsigned char *area, uint64_t bytes)
{
    static struct iovec buffers[BUFFERS_MOST];
    unsigned char parameters[256];
    uint64_t at = 0;
    unsigned n = 0;
    long ring;

    memset(parameters, 0, sizeof parameters);
    ring = syscall(SYS_io_uring_setup, 4, parameters);
    if (ring < 0) {
        refuse("io_uring_setup");
        return 0;
    }
    for (; at < bytes && n < BUFFERS_MOST; n++) {
        buffers[n].iov_base = area + at;
        buffers[n].iov_len = (size_t)(bytes - at < BUFFER_BYTES ? bytes - at : BUFFER_BYTES);
        at += buffers[n].iov_len;
    }
    if (syscall(SYS_io_uring_register, ring, REGISTER_BUFFERS, buffers, n) != 0) {
        refuse("io_uring registered buffers");
        close((int)ring);
        return 0;
    }
    /* The ring stays open: the pins end with it. */
    return 1;
}

static uint64_t through_pipes(unsigned char *area, uint64_t bytes)
{
    uint64_t most = number_in("/proc/sys/fs/pipe-max-size", 65536), at = 0;

    more_files();
    while (at < bytes && may_go_on()) {
        int ends[2];
        uint64_t from = at;

        if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
            break;
        fcntl(ends[1], F_SETPIPE_SZ, (int)most);
        while (at < bytes) {
            struct iovec piece = { area + at, (size_t)(bytes - at < MIB ? bytes - at : MIB) };
            ssize_t n = vmsplice(ends[1], &piece, 1, SPLICE_F_NONBLOCK);

            if (n <= 0)
                break;
            at += (uint64_t)n;
        }
        if (at == from)
            break;
    }
    return at;
}

int main(int argc, char **argv)
{
    const struct option_of own[] = { { NULL, NULL, 0 } };
    uint64_t page = page_bytes(), bytes, done = 0, held;
    const char *through = "io_uring";
    unsigned char *area;
    char more[NOTE_BYTES + 64];

    read_options(argc, argv, own);
    begin(opt_kib);
    bytes = opt_kib * KIB / page * page;
    if (bytes == 0) {
        report("pins", 0, "");
        return 0;
    }
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        say_errno("mmap");
        report("pins", 0, "");
        return 1;
    }
    for (; done < bytes; done += page) {
        if (done % STEP_BYTES == 0 && !may_go_on())
            break;
        area[done] = 1;
    }
    if (through_io_uring(area, done))
        held = done;
    else {
        through = "vmsplice";
        held = through_pipes(area, done);
        if (held < done)
            say("vmsplice: pipes hold no more pages of this user");
    }
    if (held == 0)
        through = "nothing";
    snprintf(more, sizeof more, ",\"through\":\"%s\",\"refused\":\"%s\"", through, refused);
    report("pins", held / KIB, more);
    stay_until_end();
    return 0;
}
