/* What the programs share: numbers from the command line, the limits of memory and time, the end, the report.
 * Part of pageblock, MIT licence. Needs Linux and a C compiler. */
#ifndef PAGEBLOCK_COMMON_H
#define PAGEBLOCK_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
/* Memory grows by this much between two looks at what the machine has left. */
#define STEP_BYTES (1 * MIB)
/* After a request to end, a program has so many seconds before it is cut off. */
#define END_SECONDS 10
#define NOTE_BYTES 160

/* Options that every program has; each program adds its own. */
static uint64_t opt_kib, opt_limit_kib, opt_floor_kib, opt_seconds = 60, opt_seed = 1, opt_parent;
static const char *opt_report, *opt_dir;

static volatile sig_atomic_t must_end;
static char note[NOTE_BYTES] = "";

struct option_of {
    const char *name;
    uint64_t *value;
    uint64_t most;
};

static inline void fail(const char *what, const char *why)
{
    fprintf(stderr, "pageblock: %s: %s\n", what, why);
    exit(2);
}

/* A whole number of digits only. */
static inline uint64_t number_of(const char *name, const char *text, uint64_t most)
{
    uint64_t value = 0;
    const char *c;

    if (*text == '\0')
        fail(name, "must be a whole number: got nothing");
    for (c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            fail(name, "must be a whole number");
        if (value > (UINT64_MAX - 9) / 10)
            fail(name, "is too large");
        value = value * 10 + (uint64_t)(*c - '0');
    }
    if (value > most)
        fail(name, "is too large");
    return value;
}

static inline void on_end(int signal)
{
    (void)signal;
    /* The alarm, or a second request: what the program is doing does not come to an end. */
    if (must_end)
        _exit(3);
    must_end = 1;
    alarm(END_SECONDS);
}

/* A number of kB that a file of /proc states in a line "name:  123 kB"; 0 if it does not. */
static inline uint64_t kib_in(const char *file, const char *name)
{
    char line[256];
    uint64_t kib = 0;
    size_t length = strlen(name);
    FILE *f = fopen(file, "re");

    if (f == NULL)
        return 0;
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            kib += strtoull(line + length + 1, NULL, 10);
    fclose(f);
    return kib;
}

static inline uint64_t number_in(const char *file, uint64_t otherwise)
{
    uint64_t value = otherwise;
    FILE *f = fopen(file, "re");

    if (f == NULL)
        return otherwise;
    if (fscanf(f, "%" SCNu64, &value) != 1)
        value = otherwise;
    fclose(f);
    return value;
}

static inline uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static inline void say(const char *text)
{
    if (note[0] == '\0')
        snprintf(note, sizeof note, "%s", text);
}

/* Notes are ours and the C library's words: no character needs an escape in JSON. */
static inline void say_errno(const char *what)
{
    char text[NOTE_BYTES];

    snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    say(text);
}

/* False once the program must end, or if the machine has less memory than the floor. */
static inline int may_go_on(void)
{
    if (must_end)
        return 0;
    if (kib_in("/proc/meminfo", "MemAvailable") >= opt_floor_kib)
        return 1;
    say("stopped: MemAvailable fell below the floor");
    return 0;
}

/* Draws of a counter that passes through a mixing function (Steele, Lea, Flood 2014). */
static uint64_t draw_state;
static inline uint64_t draw(void)
{
    uint64_t z = (draw_state += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
static inline uint64_t draw_below(uint64_t n)
{
    return n == 0 ? 0 : draw() % n;
}

static inline uint64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static inline void pause_ms(long ms)
{
    struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

    nanosleep(&t, NULL);
}

/* Keeps what is held until the program must end. */
static inline void stay_until_end(void)
{
    while (!must_end)
        pause_ms(50);
}

/* The report, whole or not at all: written beside its place and renamed. `more`: further members, or "". */
static inline void report(const char *program, uint64_t held_kib, const char *more)
{
    char part[4096];
    FILE *f;

    if (opt_report == NULL)
        return;
    if (snprintf(part, sizeof part, "%s.part", opt_report) >= (int)sizeof part)
        fail("--report", "is too long");
    f = fopen(part, "we");
    if (f == NULL)
        fail("--report", strerror(errno));
    fprintf(f, "{\"program\":\"%s\",\"pid\":%ld,\"askedKib\":%" PRIu64 ",\"heldKib\":%" PRIu64 ",\"note\":\"%s\"%s}\n",
            program, (long)getpid(), opt_kib, held_kib, note, more);
    if (fclose(f) != 0 || rename(part, opt_report) != 0)
        fail("--report", strerror(errno));
}

static inline void more_files(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

/* Sets the option of this name; false if the list has none. */
static inline int set_option(const struct option_of *list, const char *name, const char *text)
{
    const struct option_of *o;

    for (o = list; o->name != NULL; o++)
        if (strcmp(name, o->name) == 0) {
            *o->value = number_of(o->name, text, o->most);
            return 1;
        }
    return 0;
}

static inline void read_options(int argc, char **argv, const struct option_of *own)
{
    const struct option_of common[] = {
        { "--kib", &opt_kib, 1ULL << 40 },           { "--limit-kib", &opt_limit_kib, 1ULL << 40 },
        { "--floor-kib", &opt_floor_kib, 1ULL << 40 }, { "--seconds", &opt_seconds, 1000000 },
        { "--seed", &opt_seed, UINT64_MAX },         { "--parent", &opt_parent, 1ULL << 31 },
        { NULL, NULL, 0 },
    };
    int i;

    for (i = 1; i < argc; i += 2) {
        if (i + 1 >= argc)
            fail(argv[i], "must have a value");
        if (strcmp(argv[i], "--report") == 0) {
            opt_report = argv[i + 1];
            continue;
        }
        if (strcmp(argv[i], "--dir") == 0) {
            opt_dir = argv[i + 1];
            continue;
        }
        if (!set_option(common, argv[i], argv[i + 1]) && !set_option(own, argv[i], argv[i + 1]))
            fail(argv[i], "is not known");
    }
}

/* Limits of memory and time, checked again whatever the script said. `kib`: all that the program will hold. */
static inline void begin(uint64_t kib)
{
    struct sigaction act;
    uint64_t available = kib_in("/proc/meminfo", "MemAvailable");

    if (kib > opt_limit_kib)
        fail("--kib", "is more than --limit-kib");
    if (kib > available / 2)
        fail("--kib", "is more than half of MemAvailable");
    if (available < opt_floor_kib)
        fail("--floor-kib", "MemAvailable is below the floor");
    memset(&act, 0, sizeof act);
    act.sa_handler = on_end;
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    sigaction(SIGALRM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* The program ends with the script that started it, however that ends. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (opt_parent != 0 && (uint64_t)getppid() != opt_parent)
        exit(0);
    draw_state = opt_seed;
    alarm((unsigned)opt_seconds + 1);
}

#endif
