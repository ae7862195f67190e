/*
 * Events as they happen are printed where they arrive, on the library's thread; the main thread
 * waits for the number asked for, an interruption, or a reader that went away. What the stream
 * holds is read on the main thread.
 */
#include "cli.h"
#include "cloudevent_json.h"
#include "event_text.h"
#include "interrupt.h"
#include "trail_args.h"

#include <string.h>

enum { LOOK_MS = 200 };
static char default_since[] = "1h";

struct tail {
    const struct cli *cli;
    int64_t left; /* events still to print; 0: no end */
    bool printed, ended;
};

/* Ends the tail with the last event asked for, or when it can no longer be printed. */
static void print(struct tail *tail, const struct cloudevent *what)
{
    const char *user = tail->cli->args.user;

    if (user && strcmp(user, what->event->username) != 0)
        return;
    tail->printed = true;
    if (tail->cli->args.json)
        cloudevent_print(stdout, what);
    else
        event_text_print(stdout, what->event);
    tail->ended = fflush(stdout) != 0 || ferror(stdout) || (tail->left > 0 && --tail->left == 0);
}

static void on_event(const ProtobufCMessage *message, const struct twofold_error *error, void *ctx)
{
    struct tail *tail = ctx;
    struct cloudevent what = {.event = (const Twofold__V1__AuditEvent *)message};

    if (tail->ended)
        return;
    if (!message) {
        fputs("twofold: ", stderr);
        output_text(stderr, error->message);
        fputc('\n', stderr);
        return;
    }
    what.bytes = twofold_watch_bytes(&what.n);
    print(tail, &what);
    if (tail->ended)
        interrupt_raise();
}

static enum exit_code tail_live(struct cli *cli, struct tail *tail)
{
    struct twofold_watch *watch = NULL;
    struct twofold_callback each = {.call = on_event, .ctx = tail};

    if (twofold_watch_open(cli->client, cli->args.type, each, &watch, &cli->error) != TWOFOLD_OK)
        return output_error(cli);
    fputs("twofold: watching; interrupt to end\n", stderr);
    interrupt_wait();
    twofold_watch_close(watch);
    return EXIT_YES;
}

static void take(struct tail *tail, const struct twofold_trail_message *m)
{
    if (m->event)
        print(tail, &(struct cloudevent){.event = m->event,
                                         .bytes = m->data,
                                         .n = m->n,
                                         .stream_sequence = m->stream_sequence});
    else
        trail_tell_fault(m);
}

/* Without --follow the first time that there is nothing is the end. */
static enum exit_code read_on(struct cli *cli, struct tail *tail, struct twofold_trail *trail)
{
    struct twofold_trail_message m;
    enum twofold_status status = TWOFOLD_OK;
    int64_t wait_ms = cli->args.follow ? LOOK_MS : 0;

    while (!tail->ended && !interrupted()) {
        status = twofold_trail_next(trail, wait_ms, &m, &cli->error);
        if (status == TWOFOLD_OK)
            take(tail, &m);
        else if (!cli->args.follow)
            break;
        else if (status != TWOFOLD_TIMEOUT && status != TWOFOLD_DISCONNECTED)
            break;
    }
    if (tail->ended || interrupted() || status == TWOFOLD_TIMEOUT)
        return EXIT_YES;
    return output_error(cli);
}

static enum exit_code tail_stream(struct cli *cli, struct tail *tail)
{
    struct twofold_trail_options options;
    struct twofold_trail *trail = NULL;
    enum exit_code code;

    if (!cli->args.since && !cli->args.follow)
        cli->args.since = default_since;
    code = trail_args_read(cli, &options);
    if (code != EXIT_YES)
        return code;
    options.only_new = !cli->args.since;
    if (twofold_trail_open(cli->client, &options, &trail, &cli->error) != TWOFOLD_OK) {
        code = output_error(cli);
        if (!cli->args.json && !cli->args.follow && cli->error.status == TWOFOLD_REFUSED)
            fputs("  what happens from now on, without a stream: twofold audit tail --follow\n",
                  stderr);
        return code;
    }
    if (cli->args.follow)
        fputs("twofold: watching; interrupt to end\n", stderr);
    code = read_on(cli, tail, trail);
    if (code == EXIT_YES && !cli->args.follow && !tail->printed)
        fputs("twofold: no such events\n", stderr);
    twofold_trail_close(trail);
    return code;
}

enum exit_code cmd_audit_tail(struct cli *cli)
{
    struct tail tail = {.cli = cli, .left = cli->args.count};

    interrupt_catch();
    if (cli->args.follow && !cli->args.since && !cli->args.all_orgs)
        return tail_live(cli, &tail);
    return tail_stream(cli, &tail);
}
