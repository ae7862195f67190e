#include "support/together.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct exchange *arrive(struct service *s, const struct sent *sent)
{
    struct incoming in = {.reply_to = "_INBOX.test",
                          .request_id = sent->request_id ? sent->request_id : "",
                          .traceparent = s->traceparent ? s->traceparent : "",
                          .actor = sent->actor ? sent->actor : ""};
    char subject[256];
    size_t n = 0;
    uint8_t *packed = pack(s, sent->method, sent->fields, &n);
    struct exchange *x;

    snprintf(subject, sizeof subject, "twofold.v1.%s.%s", s->org ? s->org : "default",
             sent->method);
    in.subject = subject;
    in.payload = (struct bytes){.p = packed, .n = n};
    x = exchange_new(s->dispatcher, &in);
    assert_non_null(x);
    free(packed);
    return x;
}

static bool all_done(struct exchange **batch, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!exchange_answer(batch[i]).done)
            return false;
    return true;
}

static void run_all(struct service *s, struct exchange **batch, size_t n)
{
    (void)!dispatcher_run(s->dispatcher, batch, n);
    for (int i = 0; i < 20000 && !all_done(batch, n); i++) {
        struct exchange *next = dispatcher_collect(s->dispatcher);
        struct timespec pause = {.tv_nsec = 500000};

        if (next)
            (void)!dispatcher_run(s->dispatcher, &next, 1);
        else
            nanosleep(&pause, NULL);
    }
    assert_true(all_done(batch, n));
}

static struct got take(struct exchange *x)
{
    struct outgoing o = exchange_answer(x);
    struct got got = {.err = o.err};
    uint8_t *copy = malloc(o.body.n + 1);

    assert_non_null(copy);
    if (o.body.n)
        memcpy(copy, o.body.p, o.body.n);
    got.raw = (struct bytes){.p = copy, .n = o.body.n};
    exchange_free(x);
    return got;
}

void service_together(struct service *s, const struct sent *sent, size_t n, struct got *ret)
{
    struct exchange **batch = calloc(n, sizeof(struct exchange *));

    assert_non_null(batch);
    for (size_t i = 0; i < n; i++)
        batch[i] = arrive(s, &sent[i]);
    run_all(s, batch, n);
    for (size_t i = 0; i < n; i++)
        ret[i] = take(batch[i]);
    free(batch);
}

void got_free(struct got *got, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)(uintptr_t)got[i].raw.p);
}

struct got service_sent(struct service *s, const struct sent *sent)
{
    struct got got;

    service_together(s, sent, 1, &got);
    return got;
}

bool got_same(const struct got *a, const struct got *b)
{
    return a->err == b->err && bytes_equal(a->raw, b->raw);
}
