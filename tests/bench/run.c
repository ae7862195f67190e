/*
 * One thread. Each request under way has a slot, and the reply subject names it: few subjects,
 * which the server finds in its cache, so that the ceiling is as high as it can be. After a timeout
 * the slot gets another name: an answer that comes too late is not taken for that of the next
 * request.
 */
#include "bench/run.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_SLOTS = 65536, TICK_NS = 50000, SCAN_NS = 100000000, DRAIN_NS = 500000000 };

static const int64_t timeout_ns = 2000000000;

struct slot {
    int64_t due_ns; /* 0: free */
    struct shot shot;
    uint32_t use;
};

struct load {
    const struct run_options *options;
    struct request request;
    struct aim *aim;
    struct wire wires[CONNECTIONS_MAX];
    struct slot *slots;
    unsigned n_slots, n_free, *free;
    int64_t began_ns, from_ns, until_ns, scanned_ns, starved_since_ns;
    int64_t unix_minus_monotonic_ns;
    uint64_t due; /* open loop: requests that were due since began_ns */
    struct run_result *result;
};

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool measured(const struct load *l, int64_t now)
{
    return now >= l->from_ns && now < l->until_ns;
}

static bool send_at(struct load *l, unsigned slot, int64_t due_ns, int64_t now)
{
    const unsigned connection = slot % l->options->connections;
    struct slot *s = &l->slots[slot];
    char *room;

    if (!aim_next(l->aim, now + l->unix_minus_monotonic_ns, &s->shot)) {
        l->starved_since_ns = l->starved_since_ns ? l->starved_since_ns : now;
        return false;
    }
    room = wire_room(&l->wires[connection], l->request.n_text);
    if (!room) {
        aim_again(l->aim, &s->shot);
        return false;
    }
    s->due_ns = due_ns;
    request_write(&l->request, &(struct ticket){.slot = slot, .use = s->use}, connection, &s->shot,
                  room);
    l->result->sent += measured(l, now);
    return true;
}

static void count(struct load *l, enum verdict v, uint64_t took_ns, const struct wire_message *m)
{
    l->result->counts[v]++;
    if (v == request_wanted(l->request.kind))
        histogram_add(&l->result->wanted, took_ns);
    else if (v == VERDICT_SHED)
        histogram_add(&l->result->shed, took_ns);
    else
        verdict_tell(v, m);
}

/* What the service has not looked at may be asked again, as a caller would. */
static void take(struct load *l, const struct wire_message *m, int64_t now)
{
    struct ticket t;
    enum verdict v;
    struct slot *s;

    if (!request_ticket(m, &t) || t.slot >= l->n_slots)
        return;
    s = &l->slots[t.slot];
    if (!s->due_ns || (s->use & 0xffff) != t.use)
        return;
    v = request_judge(&l->request, &s->shot, m);
    if (v == VERDICT_SHED || v == VERDICT_UNAVAILABLE || v == VERDICT_NOBODY)
        aim_again(l->aim, &s->shot);
    if (measured(l, now))
        count(l, v, (uint64_t)(now - s->due_ns), m);
    s->due_ns = 0;
    l->free[l->n_free++] = t.slot;
}

static void starved_until(struct load *l, int64_t now)
{
    const int64_t from = l->starved_since_ns > l->from_ns ? l->starved_since_ns : l->from_ns;

    if (l->starved_since_ns && now > from)
        l->result->starved_ns += now - from;
    l->starved_since_ns = 0;
}

static void send_closed(struct load *l, int64_t now)
{
    while (l->n_free > 0 && send_at(l, l->free[l->n_free - 1], now, now)) {
        l->n_free--;
        starved_until(l, now);
    }
}

static void send_open(struct load *l, int64_t now)
{
    const uint64_t due = (uint64_t)((double)(now - l->began_ns) * l->options->rate / 1e9);

    for (; l->due < due; l->due++) {
        const int64_t due_ns = l->began_ns + (int64_t)((double)l->due * 1e9 / l->options->rate);

        if (l->n_free > 0 && send_at(l, l->free[l->n_free - 1], due_ns, now))
            l->n_free--;
        else
            l->result->unsent += measured(l, now);
    }
}

static void scan_timeouts(struct load *l, int64_t now)
{
    if (now - l->scanned_ns < SCAN_NS)
        return;
    l->scanned_ns = now;
    for (unsigned i = 0; i < l->n_slots; i++) {
        if (!l->slots[i].due_ns || now - l->slots[i].due_ns < timeout_ns)
            continue;
        l->slots[i].due_ns = 0;
        l->slots[i].use++;
        l->free[l->n_free++] = i;
        l->result->timeouts += measured(l, now);
    }
}

/* Until something must be done although no answer comes. */
static struct timespec patience(const struct load *l, int64_t now)
{
    double next_ns = SCAN_NS;

    if (l->starved_since_ns)
        next_ns = TICK_NS;
    if (l->options->rate > 0 && now < l->until_ns)
        next_ns = (double)(l->due + 1) * 1e9 / l->options->rate - (double)(now - l->began_ns);
    if (next_ns < TICK_NS)
        next_ns = TICK_NS;
    return (struct timespec){.tv_nsec = next_ns < SCAN_NS ? (long)next_ns : SCAN_NS};
}

static bool read_some(struct load *l, int64_t now)
{
    const struct timespec at_most = patience(l, now);
    struct pollfd p[CONNECTIONS_MAX];

    for (unsigned i = 0; i < l->options->connections; i++) {
        p[i] = (struct pollfd){.fd = l->wires[i].fd, .events = POLLIN};
        if (wire_unsent(&l->wires[i]))
            p[i].events |= POLLOUT;
    }
    if (ppoll(p, l->options->connections, &at_most, NULL) < 0)
        return false;
    for (unsigned i = 0; i < l->options->connections; i++)
        if (p[i].revents & ~POLLOUT && !wire_read(&l->wires[i]))
            return false;
    return true;
}

static bool turn(struct load *l)
{
    const int64_t now = now_ns(CLOCK_MONOTONIC);
    struct wire_message m;

    for (unsigned i = 0; i < l->options->connections; i++)
        while (wire_next(&l->wires[i], &m))
            take(l, &m, now);
    scan_timeouts(l, now);
    if (now < l->until_ns && l->options->rate > 0)
        send_open(l, now);
    else if (now < l->until_ns)
        send_closed(l, now);
    for (unsigned i = 0; i < l->options->connections; i++)
        if (!wire_flush(&l->wires[i]))
            return false;
    return read_some(l, now);
}

static double cpu_in(const char *path, const char *before, const char *format)
{
    unsigned long long n[5] = {0};
    char text[1024] = "";
    const char *p;
    FILE *f = fopen(path, "re");
    size_t size;

    if (!f)
        return 0;
    size = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    p = size ? strstr(text, before) : NULL;
    if (p)
        sscanf(p, format, &n[0], &n[1], &n[2], &n[3], &n[4]);
    return (double)(n[0] + n[1] + n[2] + n[3] + n[4]) / (double)sysconf(_SC_CLK_TCK);
}

/* Of a process utime and stime, counted after its name; of the machine (0) all that is not idle. */
static double cpu_of(int pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (pid == 0)
        return cpu_in("/proc/stat", "cpu ", "cpu %llu %*u %llu %*u %*u %llu %llu %llu");
    return cpu_in(path, ") ", ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu");
}

static void add_cpu(struct load *l, double sign)
{
    for (unsigned i = 0; i < l->options->n_watch; i++)
        l->result->cpu[i] += sign * cpu_of(l->options->watch[i]);
}

static bool prepare(struct load *l)
{
    char inbox[INBOX_MAX];

    l->n_slots = l->options->rate > 0 ? OPEN_SLOTS : l->options->in_flight;
    l->slots = calloc(l->n_slots, sizeof *l->slots);
    l->free = calloc(l->n_slots, sizeof *l->free);
    if (!l->slots || !l->free)
        return false;
    for (unsigned i = 0; i < l->n_slots; i++)
        l->free[l->n_free++] = l->n_slots - 1 - i;
    for (unsigned i = 0; i < l->options->connections; i++) {
        request_inbox(i, inbox);
        if (!wire_open(&l->wires[i], l->options->url, inbox))
            return false;
    }
    l->began_ns = now_ns(CLOCK_MONOTONIC);
    l->unix_minus_monotonic_ns = now_ns(CLOCK_REALTIME) - l->began_ns;
    l->from_ns = l->began_ns + l->options->warm_ns;
    l->until_ns = l->from_ns + l->options->measure_ns;
    return true;
}

static bool turn_until(struct load *l, int64_t until_ns)
{
    while (now_ns(CLOCK_MONOTONIC) < until_ns)
        if (!turn(l)) {
            fputs("the bus is gone\n", stderr);
            return false;
        }
    return true;
}

/* At the end what is under way is waited for, so that the service is idle when the next one comes.
 */
static bool turn_all(struct load *l)
{
    const int64_t drained_ns = l->until_ns + DRAIN_NS;

    if (!turn_until(l, l->from_ns))
        return false;
    add_cpu(l, -1);
    if (!turn_until(l, l->until_ns))
        return false;
    add_cpu(l, 1);
    starved_until(l, l->until_ns);
    while (l->n_free < l->n_slots && now_ns(CLOCK_MONOTONIC) < drained_ns)
        if (!turn(l))
            return false;
    return true;
}

bool run(const struct run_options *options, struct aim *aim, struct run_result *ret)
{
    struct load l = {.options = options, .aim = aim, .result = ret};
    bool ok;

    request_init(&l.request, options->kind);
    ok = prepare(&l) && turn_all(&l);
    for (unsigned i = 0; i < options->connections; i++)
        wire_close(&l.wires[i]);
    free(l.slots);
    free(l.free);
    return ok;
}
