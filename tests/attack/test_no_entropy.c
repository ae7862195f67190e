/*
 * A45: the library gives no random bytes. Ids of events, nonces of seals, secrets and tokens are
 * made of them: without, nothing is decided, and nothing is made of what lay in memory instead.
 */
#include "crypto/random.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/stage.h"

/* Calls of random.h, from FAILING_FROM on refused; 0: none is. Each of its functions is stood in
 * front of, since bytes that are drawn ahead would hide most calls of libcrypto's generator. */
static unsigned calls, failing_from;

static bool refused(void)
{
    calls++;
    return failing_from && calls >= failing_from;
}

enum err __real_random_bytes(uint8_t *ret_out, size_t n);
enum err __wrap_random_bytes(uint8_t *ret_out, size_t n);
enum err __real_random_ahead(uint8_t *ret_out, size_t n);
enum err __wrap_random_ahead(uint8_t *ret_out, size_t n);
enum err __real_random_uuid7(int64_t unix_ms, uint8_t ret_id[static UUID_BYTES]);
enum err __wrap_random_uuid7(int64_t unix_ms, uint8_t ret_id[static UUID_BYTES]);

enum err __wrap_random_bytes(uint8_t *ret_out, size_t n)
{
    return refused() ? ERR_UNAVAILABLE : __real_random_bytes(ret_out, n);
}

enum err __wrap_random_ahead(uint8_t *ret_out, size_t n)
{
    return refused() ? ERR_UNAVAILABLE : __real_random_ahead(ret_out, n);
}

enum err __wrap_random_uuid7(int64_t unix_ms, uint8_t ret_id[static UUID_BYTES])
{
    return refused() ? ERR_UNAVAILABLE : __real_random_uuid7(unix_ms, ret_id);
}

/* Acts with the generator failing from call FIRST on. False: it was not asked so often. */
static bool act_without(struct stage *g, const struct stage_act *a, unsigned first, struct got *ret)
{
    calls = 0;
    failing_from = first;
    *ret = stage_act(g, a, "same");
    failing_from = 0;
    return calls >= first;
}

static void attack_A45_no_random_bytes_no_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_stage_acts; i++) {
        bool reached = true;

        for (unsigned first = 1; reached; first++) {
            struct standing before, after;
            struct stage g;
            struct got got;

            stage_set(&g);
            peek_standing(&g.s, "ada", &before);
            reached = act_without(&g, &stage_acts[i], first, &got);
            assert_true(reached || first > 1); /* every act needs some */
            assert_true(reached ? got.err == ERR_UNAVAILABLE : got.err == ERR_OK);
            if (reached) {
                peek_standing(&g.s, "ada", &after);
                assert_same_standing(&before, &after);
                stage_happened_once(&g, &stage_acts[i], before.events);
            }
            got_free(&got, 1);
            stage_strike(&g);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(attack_A45_no_random_bytes_no_answer),
};
RUN(tests)
