/*
 * A45, A67: the store, the clock or the keys are in trouble. Nothing is decided, nothing is told,
 * nothing is half done.
 */
#include "support/peek.h"
#include "support/runner.h"
#include "support/stage.h"

#include "crypto/keyring_edit.h"
#include "store/store_lmdb.h"

#include <stdlib.h>
#include <unistd.h>

/* What stays broken is refused, and nothing has happened: the same request is good afterwards. */
static void rule_03_attack_A45_a_broken_store_never_says_yes(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_stage_acts; i++)
        for (unsigned first = 1;; first++) {
            struct standing before, after;
            struct stage g;
            struct got got;
            bool reached;

            stage_set(&g);
            peek_standing(&g.s, "ada", &before);
            reached = stage_act_broken(&g, &stage_acts[i], first, STORE_FOR_GOOD, &got);
            if (reached) {
                assert_int_equal(got.err, ERR_UNAVAILABLE);
                peek_standing(&g.s, "ada", &after);
                assert_same_standing(&before, &after);
                stage_happened_once(&g, &stage_acts[i], before.events);
            }
            got_free(&got, 1);
            stage_strike(&g);
            if (!reached)
                break;
        }
}

/* A67: what was decided before the store broke shows in no byte of the answer. */
static void attack_A67_a_broken_commit_tells_no_verdict(void **state)
{
    struct stage g;
    struct got right, wrong;

    (void)state;
    stage_set(&g);
    store_break(&g.s, 1, STORE_FOR_GOOD, ERR_UNAVAILABLE);
    right = stage_act(&g, &stage_acts[STAGE_VERIFY], NULL);
    (void)store_mend(&g.s);
    for (unsigned first = 1; first < 12; first++) {
        app_wrong_code(&g.e.app, &g.s, g.code);
        store_break(&g.s, first, STORE_FOR_GOOD, ERR_UNAVAILABLE);
        wrong = stage_act(&g, &stage_acts[STAGE_VERIFY], NULL);
        if (store_mend(&g.s) >= first)
            assert_true(got_same(&right, &wrong));
        got_free(&wrong, 1);
    }
    got_free(&right, 1);
    stage_strike(&g);
}

/* A45: a clock that is plainly wrong opens nothing. */
static void attack_A45_an_impossible_clock_opens_nothing(void **state)
{
    static const int64_t clocks[] = {0, -1, -INT64_C(86400000), INT64_C(1) << 52};
    struct service *s = *state;
    int64_t good_ms;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    good_ms = s->now_ms;
    for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
        app_code(&e.app, s, 0, code);
        s->now_ms = clocks[i];
        assert_int_not_equal(service_verify(s, "ada", code), ERR_OK);
        s->now_ms = good_ms;
    }
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    service_advance(s, 30);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static struct bytes file_content(const char *path)
{
    enum { FILE_MAX = 8 * 1024 * 1024 };
    uint8_t *content = malloc(FILE_MAX);
    FILE *f = fopen(path, "rb");
    struct bytes all;

    assert_non_null(f);
    assert_non_null(content);
    all = (struct bytes){content, fread(content, 1, FILE_MAX, f)};
    assert_true(all.n > 0 && all.n < FILE_MAX);
    fclose(f);
    return all;
}

/* Does the store open under the keyring that lies there now? */
static enum err opens(struct service *s)
{
    struct diag diag = {.text = ""};
    struct keyring *keyring = NULL;
    struct store *store = NULL;
    struct store_lmdb_options options = {
        .folder = s->folder, .size_mb = s->size_mb, .unsafe_no_sync = true};
    enum err err = keyring_open(s->keyring_file, &keyring, &diag);

    options.keyring = keyring;
    if (err == ERR_OK)
        err = store_lmdb_open(&options, &store, &diag);
    assert_true(err == ERR_OK || *diag.text);
    store_close(store);
    keyring_free(keyring);
    return err;
}

/* A45: without its keys the service does not begin, and leaves the database as it is. */
static void attack_A45_no_keys_or_others_open_nothing(void **state)
{
    struct service *s = *state;
    struct diag diag = {.text = ""};
    struct bytes before, after;
    char database[96], aside[112];

    service_put_user(s, "ada", PASSWORD);
    service_close(s);
    snprintf(database, sizeof database, "%s/data.mdb", s->folder);
    snprintf(aside, sizeof aside, "%s.aside", s->keyring_file);
    before = file_content(database);
    assert_int_equal(rename(s->keyring_file, aside), 0);
    assert_int_not_equal(opens(s), ERR_OK);
    assert_int_equal(keyring_create(s->keyring_file, &diag), ERR_OK);
    assert_int_not_equal(opens(s), ERR_OK);
    assert_int_equal(truncate(s->keyring_file, 10), 0);
    assert_int_not_equal(opens(s), ERR_OK);
    after = file_content(database);
    assert_true(bytes_equal(before, after));
    free((void *)(uintptr_t)before.p);
    free((void *)(uintptr_t)after.p);
    assert_int_equal(rename(aside, s->keyring_file), 0);
    service_open(s);
    free(service_token(s, "ada"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rule_03_attack_A45_a_broken_store_never_says_yes),
    cmocka_unit_test(attack_A67_a_broken_commit_tells_no_verdict),
    cmocka_unit_test_setup_teardown(attack_A45_an_impossible_clock_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A45_no_keys_or_others_open_nothing, set_up, tear_down),
};
RUN(tests)
