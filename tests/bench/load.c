/*
 * The load generator of the bench (bench.mjs): speaks the NATS protocol itself, on 1 to 16
 * connections, and prints one line of JSON: what came back in the time measured, how long it took,
 * and what processor time the processes used that it was told to watch.
 *
 *     load verify|wrong|echo --url URL [--users N] [--in-flight N] [--connections N]
 *          [--rate N] [--warm-ms N] [--ms N] [--prepare N] [--speed N --epoch UNIX_S] [--watch
 * PID]...
 *
 * --rate: an open loop, that many a second; else a closed one with --in-flight. --prepare: codes
 * that will be needed: they are computed before it begins, and a time step is waited for that has
 * them.
 * --step and --visit: of the line that the run before on the same database has printed.
 * --speed: the service's clock runs that much faster since --epoch. --watch 0: the whole machine.
 */
#include "bench/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEPS_AT_ONCE = 3 };

static const int64_t ms = 1000000, s = 1000000000;

struct arguments {
    struct run_options run;
    struct aim_options aim;
};

static const char *const kinds[] = {
    [RUN_VERIFY] = "verify", [RUN_WRONG] = "wrong", [RUN_ECHO] = "echo"};

static int failed(const char *why)
{
    fprintf(stderr, "load: %s\n", why);
    return 1;
}

/* One flag and its value; false for one that is not known. */
static bool take(struct arguments *a, const char *flag, const char *value)
{
    const double n = strtod(value, NULL);
    const struct {
        const char *flag;
        unsigned *to;
    } numbers[] = {
        {"--users", &a->aim.users},
        {"--in-flight", &a->run.in_flight},
        {"--connections", &a->run.connections},
        {"--speed", &a->aim.speed},
    };
    const struct {
        const char *flag;
        int64_t *to, unit;
    } times[] = {
        {"--warm-ms", &a->run.warm_ns, ms},
        {"--ms", &a->run.measure_ns, ms},
        {"--epoch", &a->aim.epoch_ns, s},
    };
    const struct {
        const char *flag;
        uint64_t *to;
    } places[] = {{"--step", &a->aim.from.step}, {"--visit", &a->aim.from.visit}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(flag, numbers[i].flag) == 0)
            return (*numbers[i].to = (unsigned)n) > 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (strcmp(flag, times[i].flag) == 0)
            return (*times[i].to = (int64_t)n * times[i].unit) >= 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(flag, places[i].flag) == 0)
            return (*places[i].to = (uint64_t)n) == (uint64_t)n;
    if (strcmp(flag, "--url") == 0)
        return (a->run.url = value) != NULL;
    if (strcmp(flag, "--rate") == 0)
        return (a->run.rate = n) > 0;
    if (strcmp(flag, "--prepare") == 0)
        return (a->aim.prepared = (size_t)n) > 0;
    if (strcmp(flag, "--watch") != 0 || a->run.n_watch == PROCESSES_MAX)
        return false;
    a->run.watch[a->run.n_watch++] = (int)n;
    return true;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    const size_t n = sizeof kinds / sizeof *kinds;
    size_t kind = 0;

    *ret = (struct arguments){
        .run = {.in_flight = 64, .connections = 1, .warm_ns = 200 * ms, .measure_ns = 1000 * ms},
        .aim = {.users = 1000, .speed = 1}};
    while (kind < n && (argc < 2 || strcmp(argv[1], kinds[kind]) != 0))
        kind++;
    if (kind == n || argc % 2 != 0)
        return false;
    ret->run.kind = (enum run_kind)kind;
    ret->aim.wrong = kind != RUN_VERIFY;
    for (int i = 2; i < argc; i += 2)
        if (!take(ret, argv[i], argv[i + 1]))
            return false;
    return ret->run.url && ret->run.connections <= CONNECTIONS_MAX;
}

static int64_t unix_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * s + now.tv_nsec;
}

/* The codes of three time steps are good at once: a run that would see the next step begin waits
 * for it, and so does one that finds too few of them left. */
static void await_codes(const struct arguments *a)
{
    const int64_t lasts = a->run.warm_ns + a->run.measure_ns + s;
    struct aim_options options = a->aim;
    struct aim *aim;

    options.prepared = 0;

    for (unsigned i = 0; i < STEPS_AT_ONCE; i++) {
        const int64_t now = unix_ns();
        uint64_t left;
        int64_t ends_ns;

        options.now_ns = now;
        aim = aim_new(&options);
        if (!aim)
            return;
        left = aim_left(aim, now);
        ends_ns = aim_step_left(aim, now);
        aim_free(aim);
        if (ends_ns >= lasts && left >= a->aim.prepared)
            return;
        nanosleep(&(struct timespec){.tv_sec = ends_ns / s, .tv_nsec = ends_ns % s}, NULL);
    }
}

static void tell(const struct arguments *a, const struct run_result *r, struct aim_place place)
{
    const int64_t idle_ns = a->run.rate > 0 ? 0 : r->starved_ns;
    const double seconds = (double)(a->run.measure_ns - idle_ns + 1) / (double)s;

    printf("{\"seconds\":%.4f,\"starved_s\":%.4f,\"per_second\":%.1f,", seconds,
           (double)r->starved_ns / (double)s,
           (double)r->counts[request_wanted(a->run.kind)] / seconds);
    for (unsigned v = 0; v < N_VERDICTS; v++)
        printf("\"%s\":%llu,", verdict_name(v), (unsigned long long)r->counts[v]);
    printf("\"step\":%llu,\"visit\":%llu,", (unsigned long long)place.step,
           (unsigned long long)place.visit);
    printf("\"sent\":%llu,\"timeouts\":%llu,\"unsent\":%llu,", (unsigned long long)r->sent,
           (unsigned long long)r->timeouts, (unsigned long long)r->unsent);
    printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"shed_p99_us\":%.1f,",
           histogram_at(&r->wanted, 0.5) / 1e3, histogram_at(&r->wanted, 0.9) / 1e3,
           histogram_at(&r->wanted, 0.99) / 1e3, histogram_at(&r->wanted, 0.999) / 1e3,
           histogram_at(&r->shed, 0.99) / 1e3);
    printf("\"cpu_s\":[");
    for (unsigned i = 0; i < a->run.n_watch; i++)
        printf("%s%.2f", i ? "," : "", r->cpu[i]);
    puts("]}");
}

int main(int argc, char **argv)
{
    static struct run_result result;
    struct arguments a;
    struct aim *aim;
    bool ok;

    if (!parse(argc, argv, &a))
        return failed("see the head of load.c for how to call it");
    if (a.run.n_watch < PROCESSES_MAX)
        a.run.watch[a.run.n_watch++] = getpid();
    if (a.run.kind == RUN_VERIFY && a.aim.speed == 1)
        await_codes(&a);
    a.aim.now_ns = unix_ns();
    aim = aim_new(&a.aim);
    if (!aim)
        return failed("out of memory");
    ok = run(&a.run, aim, &result);
    if (ok)
        tell(&a, &result, aim_place(aim));
    aim_free(aim);
    return ok ? 0 : failed("no measurement");
}
