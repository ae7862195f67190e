#include "support/by_hand.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct exchange *hand_in_at(struct service *s, const char *org, const char *method,
                            const struct field *fields)
{
    char subject[128];
    size_t n;
    uint8_t *packed = pack(s, method, fields, &n);
    struct incoming in = {.subject = subject,
                          .reply_to = "_INBOX.test",
                          .payload = {.p = packed, .n = n},
                          .request_id = "",
                          .traceparent = "",
                          .actor = ""};
    struct exchange *x;

    snprintf(subject, sizeof subject, "twofold.v1.%s.%s", org, method);
    x = exchange_new(s->dispatcher, &in);
    assert_non_null(x);
    free(packed);
    return x;
}

struct exchange *hand_in(struct service *s, const char *method, const struct field *fields)
{
    return hand_in_at(s, "default", method, fields);
}

struct exchange *hand_in_login(struct service *s, const char *password)
{
    return hand_in(
        s, "login.login",
        (const struct field[]){{"username", "ada"}, {"password", password}, {NULL, NULL}});
}

void hand_run(struct service *s, struct exchange **batch, size_t n)
{
    assert_int_equal(dispatcher_run(s->dispatcher, batch, n), ERR_OK);
}

struct exchange *hand_collect(struct service *s)
{
    struct exchange *x = NULL;

    for (int i = 0; i < 20000 && !x; i++) {
        struct timespec pause = {.tv_nsec = 500000};

        x = dispatcher_collect(s->dispatcher);
        if (!x)
            nanosleep(&pause, NULL);
    }
    assert_non_null(x);
    return x;
}

enum err hand_finish(struct service *s, struct exchange *x)
{
    for (int i = 0; i < 100 && !exchange_answer(x).done; i++) {
        struct exchange *next = hand_collect(s);

        hand_run(s, &next, 1);
    }
    assert_true(exchange_answer(x).done);
    return exchange_answer(x).err;
}
