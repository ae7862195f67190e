#include "tools/audit_parts.h"

#include "audit/publisher.h"
#include "bus_settings.h"

#include <stdlib.h>
#include <time.h>

enum { CONNECT_MS = 10 * 1000 };

static int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool before(void *until_ms)
{
    return monotonic_ms() < *(int64_t *)until_ms;
}

enum err audit_link_open(const struct config *c, const char *inbox_prefix,
                         struct audit_link *ret_link, struct diag *reterr)
{
    struct bus_options options = bus_settings_of_audit(c);
    int64_t until_ms = monotonic_ms() + CONNECT_MS;

    if (strcmp(c->audit_stream, "off") == 0) {
        diag_set(reterr, "TWOFOLD_AUDIT_STREAM is off: no stream keeps the audit trail");
        return ERR_CONFLICT;
    }
    options.name = "twofoldd audit";
    if (inbox_prefix)
        options.inbox_prefix = inbox_prefix;
    ret_link->wish = publisher_wish(c->audit_stream);
    TRY(bus_open(&options, before, &until_ms, &ret_link->bus, reterr));
    return stream_open(ret_link->bus, &ret_link->wish, &ret_link->stream, reterr);
}

void audit_link_close(struct audit_link *l)
{
    stream_close(l->stream);
    bus_close(l->bus);
    *l = (struct audit_link){0};
}

static enum err say_missing(const struct audit_link *l, struct diag *reterr)
{
    char command[512];

    stream_create_command(&l->wish, command);
    diag_set(reterr,
             "there is no stream %s; make it with `twofoldd audit stream --create`, or with `%s`",
             l->wish.name, command);
    return ERR_NOT_FOUND;
}

enum err audit_link_judge(const struct audit_link *l, enum stream_found found,
                          const struct stream_info *info, struct diag *reterr)
{
    const char *name = l->wish.name;

    switch (found) {
    case STREAM_READY:
        return ERR_OK;
    case STREAM_MISSING:
        return say_missing(l, reterr);
    case STREAM_FOREIGN:
        diag_set(reterr, "the stream %s is not one for the audit trail: %s", name, info->detail);
        return ERR_CONFLICT;
    case STREAM_NO_JETSTREAM:
        diag_set(reterr, "the bus has no JetStream, or not for the account of this login: switch "
                         "it on in the server's configuration (jetstream: enabled)");
        return ERR_UNAVAILABLE;
    case STREAM_MAY_NOT_ASK:
        diag_set(reterr,
                 "this login may not ask for the stream: allow it to publish "
                 "\"$JS.API.STREAM.INFO.%s\" (and CREATE, to make it), or name another login in "
                 "TWOFOLD_AUDIT_NATS_NKEY_FILE",
                 name);
        return ERR_VALIDATION;
    case STREAM_SILENT:
        diag_set(reterr, "the bus does not answer about the stream %s; try again", name);
        return ERR_UNAVAILABLE;
    }
    return ERR_INTERNAL;
}

enum err audit_link_look(struct audit_link *l, struct stream_info *ret_info, struct diag *reterr)
{
    return audit_link_judge(l, stream_look(l->stream, AUDIT_ASK_MS, ret_info), ret_info, reterr);
}
