/* What a request costs in allocations, once the service is warm: none. Counted are those of the
 * service's own code (tests.cmake: malloc and calloc come by here), not those of libraries. */
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

enum { USERS = 32, GROWTH = 3 };

static struct {
    bool on;
    unsigned n;
} count;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t n)
{
    count.n += count.on;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    count.n += count.on;
    return __real_calloc(n, size);
}

struct user_of_test {
    char name[16], code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    uint8_t *packed;
    size_t n_packed;
};

static void enrol(struct service *s, struct user_of_test *users)
{
    for (unsigned i = 0; i < USERS; i++) {
        snprintf(users[i].name, sizeof users[i].name, "user%u", i);
        service_enroll(s, users[i].name, &users[i].e);
    }
}

/* Codes of a step that is new to all of them; every second one wrong if SOME_WRONG. */
static void aim(struct service *s, struct user_of_test *users, bool some_wrong)
{
    service_advance(s, 60);
    for (unsigned i = 0; i < USERS; i++) {
        struct user_of_test *u = &users[i];

        if (some_wrong && i % 2)
            app_wrong_code(&u->e.app, s, u->code);
        else
            app_code(&u->e.app, s, 0, u->code);
        free(u->packed);
        u->packed = pack(s, "verification.verify", FIELDS({"username", u->name}, {"code", u->code}),
                         &u->n_packed);
    }
}

/* Verifies N users in one batch; how often memory was asked for. */
static unsigned allocations(struct service *s, const struct user_of_test *users, unsigned n)
{
    struct exchange *batch[USERS];
    unsigned before = count.n;

    count.on = true;
    for (unsigned i = 0; i < n; i++) {
        struct incoming in = {.subject = "twofold.v1.default.verification.verify",
                              .reply_to = "_INBOX.a",
                              .payload = {.p = users[i].packed, .n = users[i].n_packed},
                              .request_id = "",
                              .traceparent = "",
                              .actor = ""};

        batch[i] = exchange_new(s->dispatcher, &in);
    }
    assert_int_equal(dispatcher_run(s->dispatcher, batch, n), ERR_OK);
    for (unsigned i = 0; i < n; i++) {
        assert_true(exchange_answer(batch[i]).done);
        exchange_free(batch[i]);
    }
    count.on = false;
    return count.n - before;
}

/* A batch costs what it costs, however many requests are in it; but what the store keeps of them in
 * memory may outgrow its place now and then. */
static void a_warm_request_allocates_nothing(void **state)
{
    struct service *s = *state;
    static struct user_of_test users[USERS];
    unsigned cold, one, all;

    enrol(s, users);
    aim(s, users, false);
    cold = allocations(s, users, USERS);
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        aim(s, users, wrong);
        one = allocations(s, users, 1);
        aim(s, users, wrong);
        all = allocations(s, users, USERS);
        if (all > one + GROWTH)
            fail_msg("%u allocations for one request, %u for %u", one, all, (unsigned)USERS);
    }
    assert_true(cold > all);
    for (unsigned i = 0; i < USERS; i++)
        free(users[i].packed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_warm_request_allocates_nothing, set_up, tear_down),
};

RUN(tests)
