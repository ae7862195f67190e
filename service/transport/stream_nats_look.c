/*
 * Finding out what becomes of the audit events on this bus, and making the stream.
 *
 * A login that may not ask gets no answer, as from a server that is stopped; the server's report of
 * the refusal tells the two apart.
 */
#include "transport/stream_nats.h"

#include <stdio.h>

/* The server's error codes. */
enum {
    NOT_ENABLED = 10076,
    NOT_ENABLED_FOR_ACCOUNT = 10039,
    NOT_FOUND = 10059,
    CANNOT_NOW = 10008, /* while a cluster elects */
};

enum { LARGEST_BYTES = 256 * 1024 }; /* a signed checkpoint over 500 long names, with headers */

/* Length of the first token. */
static size_t token(const char *subject)
{
    return strcspn(subject, ".");
}

bool stream_covers(const char *pattern, const char *subjects)
{
    for (;;) {
        size_t p = token(pattern), s = token(subjects);

        if (strcmp(pattern, ">") == 0)
            return *subjects != '\0';
        if (strcmp(subjects, ">") == 0 || p == 0 || s == 0)
            return false;
        if (!(p == 1 && *pattern == '*') && (p != s || strncmp(pattern, subjects, p) != 0))
            return false;
        if (!pattern[p] || !subjects[s])
            return !pattern[p] && !subjects[s];
        pattern += p + 1;
        subjects += s + 1;
    }
}

static void add(struct stream_info *ret, const char *what)
{
    size_t used = strlen(ret->detail);

    snprintf(ret->detail + used, sizeof ret->detail - used, "%s%s", used ? "; " : "", what);
}

/* Can the stream keep what we send? Else says in RET why not. */
static bool judge_foreign(const struct stream_wish *w, const jsStreamConfig *c,
                          struct stream_info *ret)
{
    bool takes = false;

    for (int i = 0; i < c->SubjectsLen; i++)
        takes |= stream_covers(c->Subjects[i], w->subjects);
    if (!takes)
        add(ret, "it does not take all audit events: their subjects are not among its own");
    if (c->NoAck)
        add(ret, "it acknowledges nothing (no_ack)");
    if (c->Sealed)
        add(ret, "it is sealed");
    return *ret->detail;
}

static void judge_weak(const struct stream_wish *w, const jsStreamConfig *c,
                       struct stream_info *ret)
{
    bool bounded = c->MaxMsgs > 0 || c->MaxBytes > 0;
    bool small = c->MaxMsgSize > 0 && c->MaxMsgSize < LARGEST_BYTES;
    const struct {
        bool is;
        const char *what;
    } all[] = {
        {!c->DenyDelete, "messages can be deleted (no deny_delete)"},
        {!c->DenyPurge, "it can be purged (no deny_purge)"},
        {c->Duplicates < w->duplicate_window_ms * NS_PER_MS, "its duplicate window is short"},
        {c->Storage != js_FileStorage, "it is kept in memory"},
        {c->Retention != js_LimitsPolicy, "what was consumed is removed"},
        {c->MaxAge > 0, "old messages are removed (max_age)"},
        {c->MaxMsgsPerSubject > 0, "a subject keeps so many messages only"},
        {small, "it refuses large events (max_msg_size)"},
        {bounded && c->Discard == js_DiscardOld, "the oldest give way when it is full"},
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].is)
            add(ret, all[i].what);
}

static enum stream_found judge(const struct stream *s, const jsStreamInfo *i,
                               struct stream_info *ret)
{
    *ret = (struct stream_info){.last_sequence = i->State.LastSeq,
                                .last_unix_ms = i->State.LastTime / NS_PER_MS};
    if (ret->last_sequence == 0)
        ret->last_unix_ms = 0; /* else the year 1 */
    if (judge_foreign(&s->wish, i->Config, ret))
        return STREAM_FOREIGN;
    judge_weak(&s->wish, i->Config, ret);
    return STREAM_READY;
}

/* What it means that VERB, "STREAM.INFO" or "STREAM.CREATE", ended with STATUS and CODE. */
static enum stream_found failed(struct stream *s, const char *verb, natsStatus status,
                                jsErrCode code)
{
    if (status == NATS_NO_RESPONDERS || (int)code == NOT_ENABLED ||
        (int)code == NOT_ENABLED_FOR_ACCOUNT)
        return STREAM_NO_JETSTREAM;
    if (status == NATS_NOT_FOUND || (int)code == NOT_FOUND)
        return STREAM_MISSING;
    if (status == NATS_TIMEOUT && stream_was_refused(s, verb))
        return STREAM_MAY_NOT_ASK;
    return STREAM_SILENT;
}

enum stream_found stream_look(struct stream *s, int timeout_ms, struct stream_info *ret)
{
    jsOptions options;
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status = NATS_CONNECTION_DISCONNECTED;
    enum stream_found found;

    jsOptions_Init(&options);
    options.Wait = timeout_ms;
    bus_guard_begin(&s->bus->guard);
    if (bus_connected(s->bus))
        status = js_GetStreamInfo(&info, s->js, s->wish.name, &options, &code);
    bus_guard_end(&s->bus->guard);
    if (status != NATS_OK)
        return failed(s, "STREAM.INFO", status, code);
    found = judge(s, info, ret);
    jsStreamInfo_Destroy(info);
    return found;
}

static natsStatus add_stream(struct stream *s, int timeout_ms, jsStreamInfo **ret, jsErrCode *code)
{
    const char *subjects[] = {s->wish.subjects};
    jsStreamConfig config;
    jsOptions options;

    jsStreamConfig_Init(&config);
    config.Name = s->wish.name;
    config.Description = "Audit trail of Twofold";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Retention = js_LimitsPolicy;
    config.Discard = js_DiscardNew;
    config.Storage = js_FileStorage;
    config.Replicas = 1;
    config.Duplicates = s->wish.duplicate_window_ms * NS_PER_MS;
    config.DenyDelete = true;
    config.DenyPurge = true;
    jsOptions_Init(&options);
    options.Wait = timeout_ms;
    return js_AddStream(ret, s->js, &config, &options, code);
}

enum stream_found stream_create(struct stream *s, int timeout_ms, struct stream_info *ret)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status = NATS_CONNECTION_DISCONNECTED;
    enum stream_found found;

    bus_guard_begin(&s->bus->guard);
    if (bus_connected(s->bus))
        status = add_stream(s, timeout_ms, &info, &code);
    bus_guard_end(&s->bus->guard);
    if (status == NATS_OK) {
        found = judge(s, info, ret);
        jsStreamInfo_Destroy(info);
        return found;
    }
    found = failed(s, "STREAM.CREATE", status, code);
    if (found != STREAM_SILENT || code == 0 || (int)code == CANNOT_NOW)
        return found;
    *ret = (struct stream_info){0};
    snprintf(ret->detail, sizeof ret->detail, "it cannot be made: %s",
             bus_library_error(natsStatus_GetText(status)));
    return STREAM_FOREIGN;
}

void stream_create_command(const struct stream_wish *wish, char ret_command[static 512])
{
    snprintf(ret_command, 512,
             "nats stream add %s --subjects '%s' --storage file --retention limits --discard new "
             "--deny-delete --deny-purge --dupe-window %llds --replicas 1 --defaults",
             wish->name, wish->subjects, (long long)(wish->duplicate_window_ms / 1000));
}
