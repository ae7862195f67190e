/*
 * How long a start takes: from exec to the first answer.
 *
 *     first URL PROGRAM [ARG]...      becomes the program; a child prints {"ms":N,"answer":TEXT}
 *
 * The child asks again and again, as fast as the server says that nobody is there, for a
 * verification of a user that does not exist.
 */
#include "bench/verdict.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, ASK_AGAIN_US = 100 };

static const char request[] = "PUB twofold.v1.default.verification.verify _INBOX.first.1 21\r\n"
                              "\x0a\x0bnone0000000\x12\x06"
                              "000000\r\n";

static int failed(const char *why)
{
    fprintf(stderr, "first: %s\n", why);
    return 1;
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What came back to one request; VERDICT_NOBODY also when nothing did. */
static enum verdict ask(struct wire *w)
{
    char *room = wire_room(w, sizeof request - 1);
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    struct wire_message m;

    if (!room)
        return VERDICT_NOBODY;
    memcpy(room, request, sizeof request - 1);
    if (!wire_flush(w))
        return VERDICT_NOBODY;
    while (poll(&p, 1, PATIENCE_MS) == 1 && wire_read(w))
        if (wire_next(w, &m))
            return verdict_of(&m);
    return VERDICT_NOBODY;
}

static int ask_until_answered(struct wire *w, double began)
{
    enum verdict v = VERDICT_NOBODY;

    while (v == VERDICT_NOBODY && now_ms() - began < PATIENCE_MS) {
        v = ask(w);
        if (v == VERDICT_NOBODY)
            usleep(ASK_AGAIN_US);
    }
    printf("{\"ms\":%.2f,\"answer\":\"%s\"}\n", now_ms() - began, verdict_name(v));
    fflush(stdout);
    return v == VERDICT_NOBODY ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct wire w;
    double began;
    pid_t child;

    if (argc < 3 || !wire_open(&w, argv[1], "_INBOX.first.*"))
        return failed("URL PROGRAM [ARG]...");
    began = now_ms();
    child = fork();
    if (child == 0)
        _exit(ask_until_answered(&w, began));
    execvp(argv[2], argv + 2);
    return failed(argv[2]);
}
