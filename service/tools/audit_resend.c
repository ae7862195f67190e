#include "tools/audit_resend.h"

#include "audit/backlog.h"
#include "base/clock.h"
#include "rpc/own_event.h"
#include "tools/moment.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PAGE_BYTES = 8 * 1024 * 1024, EVENT_BYTES = 1024 * 1024 };

enum { FROM, TO, PREFIX };

/* ---- telling ---- */

static enum err write_events(struct resend *r, struct diag *reterr)
{
    for (size_t i = 0; i < r->n_orgs; i++) {
        const struct own_event e = {.type = AUDIT_AUDIT_RESENT,
                                    .org = r->orgs[i].org,
                                    .instance = "resend",
                                    .now_ms = r->now_ms,
                                    .span = r->orgs[i].span,
                                    .keyring = r->tool.keyring};

        diag_set(reterr,
                 "the events were sent, but the event audit.resent of %s could not be written: is "
                 "the database full?",
                 e.org);
        if (e.span.count > 0)
            TRY(own_event_write(r->tool.store, &e));
    }
    return ERR_OK;
}

static void print_some(uint64_t n, const char *what)
{
    if (n)
        printf(", %" PRIu64 " %s", n, what);
}

static void print_report(const struct resend *r)
{
    char from[MOMENT_BYTES], to[MOMENT_BYTES];

    moment_print(r->from_ms, from);
    moment_print(r->to_ms, to);
    printf("twofoldd: %" PRIu64 " event%s from %s to %s: %" PRIu64 " sent again, %" PRIu64
           " there already",
           r->in_range, plural(r->in_range), from, to, r->sent, r->held_already);
    print_some(r->refused, "refused");
    print_some(r->n_flights, "without an answer");
    print_some(r->unreadable, "unreadable, left out");
    putchar('\n');
    fflush(stdout);
}

static enum err judge(const struct resend *r, struct diag *reterr)
{
    if (r->too_large) {
        diag_set(reterr,
                 "%" PRIu64 " event%s larger than the bus takes: raise max_payload in its "
                 "configuration, then try again",
                 r->too_large, r->too_large == 1 ? " is" : "s are");
        return ERR_VALIDATION;
    }
    if (r->remembered) {
        diag_set(reterr,
                 "%" PRIu64 " event%s missing in the stream, which still remembers the id and "
                 "takes it for stored: try again when the stream's duplicate window is over",
                 r->remembered, r->remembered == 1 ? " is" : "s are");
        return ERR_CONFLICT;
    }
    if (r->too_old) {
        diag_set(reterr,
                 "%" PRIu64 " event%s older than the stream remembers ids, and not sent, for "
                 "nothing may be stored twice: this login may not look what the stream holds. Use "
                 "one that may publish \"$JS.API.STREAM.MSG.GET.%s\"",
                 r->too_old, r->too_old == 1 ? " is" : "s are", r->link.wish.name);
        return ERR_VALIDATION;
    }
    if (!r->unreadable)
        return ERR_OK;
    diag_set(reterr, "%" PRIu64 " event%s unreadable in the database, and cannot be sent",
             r->unreadable, r->unreadable == 1 ? " is" : "s are");
    return ERR_CONFLICT;
}

/* ---- the whole ---- */

static enum err count(struct resend *r, const struct outbox_entry *entry, struct diag *reterr)
{
    (void)reterr;
    if (!r->oldest_ms)
        r->oldest_ms = backlog_event_ms(entry->event);
    r->in_range += resend_wants(r, entry);
    return ERR_OK;
}

static enum err find_range(struct resend *r, struct diag *reterr)
{
    struct store *store = r->tool.store;
    char oldest[MOMENT_BYTES];

    diag_set(reterr, "cannot read the database in %s", r->tool.config.data_dir);
    TRY(store->ops->look_outbox(store, NULL, &r->outbox));
    TRY(resend_walk(r, count, reterr));
    if (!r->oldest_ms) {
        diag_set(reterr, "there is nothing to send again: no event that the bus has taken is kept");
        return ERR_NOT_FOUND;
    }
    moment_print(r->oldest_ms, oldest);
    if (r->to_ms < r->oldest_ms) {
        diag_set(reterr, "that is too long ago: events are kept back to %s", oldest);
        return ERR_NOT_FOUND;
    }
    if (!r->in_range) {
        diag_set(reterr, "there is no event in that time that the bus has taken");
        return ERR_NOT_FOUND;
    }
    if (r->from_ms < r->oldest_ms && r->outbox.first > 1)
        fprintf(stderr, "twofoldd: events are kept back to %s, older ones cannot be sent again\n",
                oldest);
    return ERR_OK;
}

static enum err find_stream(struct resend *r, struct diag *reterr)
{
    struct stream_info info;

    TRY(audit_link_open(&r->tool.config, r->tool.option_values[PREFIX], &r->link, reterr));
    TRY(audit_link_look(&r->link, &info, reterr));
    TRY(resend_read_stream(r, reterr));
    if (r->may_read || !*info.detail)
        return ERR_OK;
    diag_set(reterr,
             "the stream %s is weaker than wished (%s), and this login may not look what it "
             "holds: use one that may publish \"$JS.API.STREAM.MSG.GET.%s\"",
             r->link.wish.name, info.detail, r->link.wish.name);
    return ERR_VALIDATION;
}

/* What was sent is told to the trail also when the rest could not be. */
static enum err send_all(struct resend *r, struct diag *reterr)
{
    struct diag of_events = {.text = ""};
    enum err err = resend_send(r, reterr), written = write_events(r, &of_events);

    print_report(r);
    if (err == ERR_OK && written != ERR_OK)
        *reterr = of_events;
    return err == ERR_OK ? written : err;
}

static enum err resend(struct resend *r, struct diag *reterr)
{
    r->page = arena_new(PAGE_BYTES);
    r->event = arena_new(EVENT_BYTES);
    if (!r->page || !r->event)
        return ERR_UNAVAILABLE;
    TRY(tool_open(&r->tool, reterr));
    log_set_level(LOG_ERROR);
    TRY(find_range(r, reterr));
    TRY(find_stream(r, reterr));
    TRY(send_all(r, reterr));
    return judge(r, reterr);
}

static void close_all(struct resend *r)
{
    audit_link_close(&r->link);
    tool_close(&r->tool);
    held_ids_free(&r->held);
    arena_free(r->page);
    arena_free(r->event);
    free(r->orgs);
}

/* ---- the command ---- */

static void help(FILE *out)
{
    fprintf(
        out,
        "usage: twofoldd audit resend --from TIME [--to TIME] [--inbox-prefix PREFIX]\n"
        "                             [--flag value | --flag=value] ...\n\n"
        "Sends events that the stream has lost again, under their old ids, from the tail of\n"
        "them that the database keeps (TWOFOLD_AUDIT_TAIL_HOURS), while the service goes on.\n"
        "First reads what the stream holds, so nothing is stored twice; when it was\n"
        "interrupted, give the command again.\n\n"
        "  --from, --to    when the events happened: 2026-11-22T10:00:00Z, 2026-11-22, or how\n"
        "                  long ago: 90s, 15m, 2h, 7d; --to is now if it is left out\n"
        "  --inbox-prefix  of the login of the audit trail, if it is not the service's\n\n"
        "With a login that may not read the stream only events of the last 50 minutes are\n"
        "sent, which the stream knows by their ids.\n\n"
        "Exit codes: %d done, %d failed, or not all could be sent, %d a mistake in the command\n"
        "or the settings\n",
        CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

static int mistake(const char *text)
{
    fprintf(stderr, "twofoldd: %s; see twofoldd audit resend --help\n", text);
    return CONFIG_EXIT_MISTAKE;
}

/* Why the range is none, or NULL. */
static const char *read_range(struct resend *r)
{
    const char *from = r->tool.option_values[FROM], *to = r->tool.option_values[TO];

    if (!from)
        return "--from is missing";
    if (!moment_parse(from, r->now_ms, &r->from_ms))
        return "--from is no time: write 2026-11-22T10:00:00Z, or 2h for two hours ago";
    if (!moment_parse(to ? to : "now", r->now_ms, &r->to_ms))
        return "--to is no time: write 2026-11-22T10:00:00Z, or 2h for two hours ago";
    return r->from_ms > r->to_ms ? "--from is later than --to" : NULL;
}

int audit_resend_run(int argc, char **argv)
{
    static const struct tool_spec spec = {
        .name = "audit resend",
        .options = {[FROM] = "--from", [TO] = "--to", [PREFIX] = "--inbox-prefix"},
        .help = help};
    static struct resend r;
    const struct clock clock = clock_system();
    struct diag diag = {.text = ""};
    const char *wrong;
    int code;

    r.now_ms = clock_unix_ms(&clock);
    if (!tool_read(&spec, argc, argv, &r.tool, &code))
        return code;
    wrong = read_range(&r);
    if (wrong)
        return mistake(wrong);
    code = tool_end(resend(&r, &diag), &diag);
    close_all(&r);
    return code;
}
