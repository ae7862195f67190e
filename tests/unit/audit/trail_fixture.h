/* The stream of the audit trail, seen from outside. */
#ifndef TWOFOLD_TESTS_UNIT_AUDIT_TRAIL_FIXTURE_H
#define TWOFOLD_TESTS_UNIT_AUDIT_TRAIL_FIXTURE_H

#include "publisher_fixture.h"

#include <sys/wait.h>

#define STREAM "TWOFOLD_AUDIT"

/* Appends N events at once. */
static inline void append_together(struct publisher_fixture *f, int n)
{
    struct store_txn *t = NULL;
    char none[] = "";

    assert_int_equal(f->store->ops->begin(f->store, &t), ERR_OK);
    for (int i = 0; i < n; i++)
        append_for_in(f, t, none);
    assert_int_equal(f->store->ops->commit(t), ERR_OK);
}

struct trail {
    natsConnection *nc;
    jsCtx *js;
};

/* Connects whatever the server does in between. */
static inline struct trail trail_open(const char *url)
{
    natsOptions *o = NULL;
    struct trail t = {0};

    natsOptions_Create(&o);
    natsOptions_SetURL(o, url);
    natsOptions_SetMaxReconnect(o, -1);
    natsOptions_SetReconnectWait(o, 20);
    assert_int_equal(natsConnection_Connect(&t.nc, o), NATS_OK);
    natsOptions_Destroy(o);
    assert_int_equal(natsConnection_JetStream(&t.js, t.nc, NULL), NATS_OK);
    return t;
}

static inline void trail_close(struct trail *t)
{
    jsCtx_Destroy(t->js);
    natsConnection_Destroy(t->nc);
}

/* A stream as the service makes it, to be changed by the caller. */
static inline jsStreamConfig trail_config(const char **subject)
{
    jsStreamConfig c;

    jsStreamConfig_Init(&c);
    c.Name = STREAM;
    c.Subjects = subject;
    c.SubjectsLen = 1;
    c.Discard = js_DiscardNew;
    c.Duplicates = 3600LL * 1000 * 1000 * 1000;
    return c;
}

static const char *trail_subjects = "twofold.audit.v1.>";

static inline void trail_make(const struct trail *t)
{
    jsStreamConfig c = trail_config(&trail_subjects);

    assert_int_equal(js_AddStream(NULL, t->js, &c, NULL, NULL), NATS_OK);
}

/* How many messages it has; 0 also when there is no stream. */
static inline uint64_t trail_kept(const struct trail *t)
{
    jsStreamInfo *info = NULL;
    uint64_t n;

    if (js_GetStreamInfo(&info, t->js, STREAM, NULL, NULL) != NATS_OK)
        return 0;
    n = info->State.Msgs;
    jsStreamInfo_Destroy(info);
    return n;
}

static inline void trail_wait(const struct trail *t, int n)
{
    for (int i = 0; i < LONG_MS / 20 && trail_kept(t) < (uint64_t)n; i++)
        usleep(20 * 1000);
    assert_int_equal(trail_kept(t), n);
}

/* The id of message number SEQUENCE, into RET. */
static inline void trail_id(const struct trail *t, uint64_t sequence, char ret[static 32])
{
    const char *value = NULL;
    natsMsg *m = NULL;
    natsStatus s = NATS_TIMEOUT;

    for (int i = 0; i < 100 && s != NATS_OK; i++)
        s = js_GetMsg(&m, t->js, STREAM, sequence, NULL, NULL);
    assert_int_equal(s, NATS_OK);
    assert_int_equal(natsMsgHeader_Get(m, "ce-id", &value), NATS_OK);
    snprintf(ret, 32, "%s", value);
    natsMsg_Destroy(m);
}

/* It holds the events FROM..TO and nothing else, each once, in order. */
static inline void trail_expect(const struct trail *t, int from, int to)
{
    trail_wait(t, to - from + 1);
    for (int i = from; i <= to; i++) {
        char id[32], expected[16];

        trail_id(t, (uint64_t)(i - from + 1), id);
        snprintf(expected, sizeof expected, "e-%d", i);
        assert_string_equal(id, expected);
    }
}

/* A publisher's server and store, and its stream seen from outside. */
struct stand {
    struct publisher_fixture f;
    struct trail trail;
};

static inline void stand_open(struct stand *s)
{
    fixture_open(&s->f, NATS_SERVER_JETSTREAM);
    s->f.stream = STREAM;
    s->trail = trail_open(s->f.url);
}

static inline void stand_close(struct stand *s)
{
    trail_close(&s->trail);
    fixture_close(&s->f);
}

/* COMMAND of the shell, in the folder of the server. */
static inline void run_in(const struct publisher_fixture *f, const char *command)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (chdir(f->server.folder) == 0)
            execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The stream as it is now, for restore_stream; the server has ended, both times. */
static inline void remember_stream(const struct stand *s)
{
    run_in(&s->f, "cp -r jetstream older");
}

static inline void restore_stream(const struct stand *s)
{
    run_in(&s->f, "rm -r jetstream && mv older jetstream");
}

#endif
