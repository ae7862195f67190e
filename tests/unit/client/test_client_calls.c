#include "calls.h"

#include "monotonic.h"
#include "support/runner.h"
#include "unit/client/peer.h"

#include <stdlib.h>

enum { MANY = 1 << 16, LONG_US = 600 * 1000000 };

struct tally {
    _Atomic int expired, lost, forbidden;
    struct calls *calls;
    uint64_t again; /* token of a call that the keeper itself added */
};

static void count(const struct waiting_call *call, enum calls_end why, void *ctx)
{
    struct tally *tally = ctx;

    (void)call;
    if (why == CALLS_EXPIRED)
        tally->expired++;
    else if (why == CALLS_LOST)
        tally->lost++;
    else
        tally->forbidden++;
}

static struct waiting_call due_in(int64_t us)
{
    return (struct waiting_call){.deadline_us = monotonic_us() + us};
}

static void a_call_is_taken_once(void **state)
{
    struct tally tally = {0};
    struct calls *calls = calls_open((struct calls_keeper){count, &tally});
    struct waiting_call call = due_in(LONG_US), taken;
    uint64_t token, next;

    (void)state;
    call.then.ctx = &tally;
    assert_int_equal(calls_add(calls, &call, &token), TWOFOLD_OK);
    assert_false(calls_take(calls, token + 1, &taken));
    assert_false(calls_take(calls, 0, &taken));
    assert_false(calls_take(calls, UINT64_MAX, &taken));
    assert_true(calls_take(calls, token, &taken));
    assert_ptr_equal(taken.then.ctx, &tally);
    assert_false(calls_take(calls, token, &taken));

    assert_int_equal(calls_add(calls, &call, &next), TWOFOLD_OK); /* the same slot, another token */
    assert_int_not_equal(next, token);
    assert_false(calls_take(calls, token, &taken));
    calls_stop(calls);
    assert_int_equal(tally.lost, 1);
    assert_int_equal(tally.expired, 0);
    assert_false(calls_take(calls, next, &taken));
    assert_int_equal(calls_add(calls, &call, &token), TWOFOLD_DISCONNECTED);
    calls_free(calls);
}

static void only_what_is_due_expires(void **state)
{
    struct tally tally = {0};
    struct calls *calls = calls_open((struct calls_keeper){count, &tally});
    struct waiting_call late = due_in(LONG_US), soon, taken;
    uint64_t kept, token;

    (void)state;
    assert_int_equal(calls_add(calls, &late, &kept),
                     TWOFOLD_OK); /* the thread sleeps for long, then is woken */
    for (int i = 0; i < 500; i++) {
        soon = due_in(1000 * (i % 50));
        assert_int_equal(calls_add(calls, &soon, &token), TWOFOLD_OK);
    }
    assert_true(peer_wait(&tally.expired, 500));
    assert_true(calls_take(calls, kept, &taken));
    calls_stop(calls);
    assert_int_equal(tally.expired, 500);
    assert_int_equal(tally.lost, 0);
    calls_free(calls);
}

static void a_full_table_says_so(void **state)
{
    struct tally tally = {0};
    struct calls *calls = calls_open((struct calls_keeper){count, &tally});
    struct waiting_call call = due_in(LONG_US), taken;
    uint64_t *tokens = malloc(MANY * sizeof *tokens), token;

    (void)state;
    assert_non_null(tokens);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(calls_add(calls, &call, &tokens[i]), TWOFOLD_OK);
    assert_int_equal(calls_add(calls, &call, &token), TWOFOLD_EXHAUSTED);
    for (size_t i = 0; i < MANY; i += 2)
        assert_true(calls_take(calls, tokens[i], &taken));
    assert_int_equal(calls_add(calls, &call, &token), TWOFOLD_OK);
    calls_stop(calls);
    assert_int_equal(tally.lost, MANY / 2 + 1);
    calls_free(calls);
    free(tokens);
}

static bool is_marked(const struct waiting_call *call, void *ctx)
{
    return call->then.ctx == ctx;
}

static void only_what_is_meant_is_forbidden(void **state)
{
    struct tally tally = {0};
    struct calls *calls = calls_open((struct calls_keeper){count, &tally});
    struct waiting_call call = due_in(LONG_US), marked = call, taken;
    uint64_t kept, token;

    (void)state;
    marked.then.ctx = &tally;
    assert_int_equal(calls_add(calls, &call, &kept), TWOFOLD_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(calls_add(calls, &marked, &token), TWOFOLD_OK);
    calls_forbid(calls, is_marked, &tally);
    assert_true(peer_wait(&tally.forbidden, 100));
    assert_true(calls_take(calls, kept, &taken));
    calls_stop(calls);
    assert_int_equal(tally.forbidden, 100);
    assert_int_equal(tally.lost + tally.expired, 0);
    calls_free(calls);
}

static void what_is_lost_is_what_waited_then(void **state)
{
    struct tally tally = {0};
    struct calls *calls = calls_open((struct calls_keeper){count, &tally});
    struct waiting_call call = due_in(LONG_US), taken;
    uint64_t token;

    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(calls_add(calls, &call, &token), TWOFOLD_OK);
    calls_lose_all(calls);
    assert_int_equal(calls_add(calls, &call, &token), TWOFOLD_OK);
    assert_true(peer_wait(&tally.lost, 200));
    assert_true(calls_take(calls, token, &taken));
    calls_stop(calls);
    assert_int_equal(tally.lost, 200);
    calls_free(calls);
}

static void add_again(const struct waiting_call *call, enum calls_end why, void *ctx)
{
    struct tally *tally = ctx;
    struct waiting_call next = due_in(LONG_US);

    count(call, why, ctx);
    if (why == CALLS_EXPIRED && calls_add(tally->calls, &next, &tally->again) != TWOFOLD_OK)
        tally->lost = -1;
}

static void the_keeper_may_start_a_call(void **state)
{
    struct tally tally = {0};
    struct waiting_call call = due_in(0), taken;
    uint64_t token;

    (void)state;
    tally.calls = calls_open((struct calls_keeper){add_again, &tally});
    assert_int_equal(calls_add(tally.calls, &call, &token), TWOFOLD_OK);
    assert_true(peer_wait(&tally.expired, 1));
    calls_stop(tally.calls);
    assert_int_equal(tally.lost, 1);
    assert_false(calls_take(tally.calls, tally.again, &taken));
    calls_free(tally.calls);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_call_is_taken_once),
    cmocka_unit_test(only_what_is_due_expires),
    cmocka_unit_test(a_full_table_says_so),
    cmocka_unit_test(only_what_is_meant_is_forbidden),
    cmocka_unit_test(what_is_lost_is_what_waited_then),
    cmocka_unit_test(the_keeper_may_start_a_call),
};

RUN(tests)
