/*
 * Rule 15, A54: whatever went through - passwords, codes, secrets, tokens, recovery codes - is in
 * no event and nowhere in the database file, neither as it is nor in hex, base32 or base64. Nor is
 * it, as it is, in memory that a request gives back.
 */
#include "support/by_hand.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include "core/base32.h"
#include "crypto/base64.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#define IMPORTED "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"

enum { SECRETS_MAX = 128, SECRET_BYTES_MAX = 600, EVENTS_MAX = 2048 };

static struct {
    size_t n;
    struct {
        uint8_t bytes[SECRET_BYTES_MAX];
        size_t n;
    } at[SECRETS_MAX];
} secrets;

static void remember(const void *p, size_t n)
{
    assert_true(secrets.n < SECRETS_MAX && n <= SECRET_BYTES_MAX);
    memcpy(secrets.at[secrets.n].bytes, p, n);
    secrets.at[secrets.n++].n = n;
}

static void remember_text(const char *text)
{
    remember(text, strlen(text));
}

/* --- Search --- */

static bool has(struct bytes hay, const char *needle, size_t n)
{
    return memmem(hay.p, hay.n, needle, n) != NULL;
}

static bool has_hex(struct bytes hay, struct bytes secret)
{
    char text[2 * SECRET_BYTES_MAX + 1];

    hex_encode(secret.p, secret.n, text);
    if (has(hay, text, 2 * secret.n))
        return true;
    for (char *c = text; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    return has(hay, text, 2 * secret.n);
}

/* Encoded within a larger whole, a secret may begin at any offset of a group: it is encoded behind
 * K other bytes, and only the characters that it alone decides are looked for. */
static bool has_base64(struct bytes hay, struct bytes secret, size_t k)
{
    uint8_t plain[SECRET_BYTES_MAX + 2] = {0};
    char text[BASE64_LENGTH(sizeof plain) + 1];
    size_t from = (k * 8 + 5) / 6, to = (k + secret.n) * 8 / 6;

    memcpy(plain + k, secret.p, secret.n);
    base64_encode((struct bytes){.p = plain, .n = k + secret.n}, text);
    return has(hay, text + from, to - from);
}

static bool has_base32(struct bytes hay, struct bytes secret, size_t k)
{
    uint8_t plain[SECRET_BYTES_MAX + 4] = {0};
    char text[BASE32_CHARS(sizeof plain) + 1];
    size_t from = (k * 8 + 4) / 5, to = (k + secret.n) * 8 / 5;

    memcpy(plain + k, secret.p, secret.n);
    base32_encode((struct bytes){.p = plain, .n = k + secret.n}, text);
    return has(hay, text + from, to - from);
}

static bool betrays(struct bytes hay, struct bytes secret)
{
    bool found = has(hay, (const char *)secret.p, secret.n) || has_hex(hay, secret);

    for (size_t k = 0; k < 3; k++)
        found |= has_base64(hay, secret, k);
    for (size_t k = 0; k < 5; k++)
        found |= has_base32(hay, secret, k);
    return found;
}

static void the_search_finds_what_is_there(void **state)
{
    static const char *const hays[] = {
        "..canary-7..", ".63616e6172792d37.", ".63616E6172792D37.",
        "Y2FuYXJ5LTc",  "..PGNhbmFyeS03",     "MNQW4YLSPEWTO",
    };
    struct bytes canary = {(const uint8_t *)"canary-7", 8};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hays); i++)
        if (!betrays((struct bytes){(const uint8_t *)hays[i], strlen(hays[i])}, canary))
            fail_msg("not found in %s", hays[i]);
    assert_false(betrays((struct bytes){(const uint8_t *)"canary-8", 8}, canary));
}

/* --- A life with every kind of secret --- */

static void remember_begun(const struct told *t)
{
    char text[BASE32_CHARS(SECRET_MAX) + 1];

    remember(t->app.key.bytes, t->app.key.n);
    base32_encode(secret_view(&t->app.key), text);
    remember_text(text);
    remember_text(t->token);
}

static void remember_codes(const struct told *t)
{
    for (size_t i = 0; i < t->n_codes; i++) {
        char plain[RECOVERY_TEXT_BYTES] = "";

        for (const char *c = t->codes[i]; *c; c++)
            if (*c != '-')
                strncat(plain, c, 1);
        remember_text(t->codes[i]);
        remember_text(plain);
    }
}

static const char *remember_code(const struct told *begun, struct service *s, char *code)
{
    service_advance(s, 60);
    remember_text(app_code(&begun->app, s, 0, code));
    return code;
}

static void enrol_and_use(struct service *s, const char *password)
{
    struct told confirm_pw, begun, codes;
    char code[OTP_DIGITS_MAX + 1];

    remember_text(password);
    service_put_user(s, "ada", password);
    confirm_pw = EXPECT(
        ERR_OK, ASK(s, "login.confirm_password", {"username", "ada"}, {"password", password}));
    remember_text(confirm_pw.token);
    begun = EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", confirm_pw.token}));
    snprintf(begun.token, sizeof begun.token, "%s", confirm_pw.token);
    remember_begun(&begun);
    codes = EXPECT(ERR_OK, confirm(s, &begun, true));
    remember_codes(&codes);
    s->request_id = "kept 1";
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", password},
                       {"code", remember_code(&begun, s, code)}));
    s->request_id = "kept 2";
    EXPECT(ERR_OK, ASK(s, "verification.verify", {"username", "ada"},
                       {"code", remember_code(&begun, s, code)}));
    s->request_id = NULL;
    EXPECT(ERR_CODE_REJECTED, ASK(s, "verification.verify", {"username", "ada"}, {"code", code}));
    EXPECT(ERR_OK,
           ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", codes.codes[1]}));
    /* Ends with an answer that is kept: fresh recovery codes. */
    confirm_pw = EXPECT(ERR_OK, ASK(s, "admin.issue_step_token", {"username", "ada"}));
    remember_text(confirm_pw.token);
    s->request_id = "kept 3";
    codes = EXPECT(ERR_OK,
                   ASK(s, "enrollment.regenerate_recovery_codes", {"step_token", confirm_pw.token},
                       {"code", remember_code(&begun, s, code)}));
    remember_codes(&codes);
    s->request_id = NULL;
}

/* Refused, and no better kept for it. */
static void fail_with(struct service *s, const char *password)
{
    remember_text(password);
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.login", {"username", "ada"}, {"password", password}));
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.confirm_password", {"username", "nobody"}, {"password", password}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", password}));
    EXPECT(ERR_OK,
           ASK(s, "admin.import_authenticator", {"username", "eve"},
               {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}));
    remember_text("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

/* What another system kept: the hash is no better known for it. */
static void import_one(struct service *s)
{
    static const char hash[] = "Y2FuYXJ5IGhhc2ggb2YgdGhpcnR5LXR3byBieXRlcyE";
    char phc[PHC_MAX];

    snprintf(phc, sizeof phc, "$scrypt$ln=4,r=8,p=1$Y2FuYXJ5IHNhbHQgMDEyMw$%s", hash);
    s->request_id = "kept 4";
    EXPECT(ERR_OK, ASK(s, "admin.import_user", {"username", "ivy"}, {"password_hash", phc},
                       {"otpauth_uris", "otpauth://totp/a?secret=" IMPORTED}));
    s->request_id = NULL;
    remember_text(hash);
    remember_text(IMPORTED);
}

static void none_in(struct bytes hay, const char *where)
{
    for (size_t i = 0; i < secrets.n; i++)
        if (betrays(hay, (struct bytes){secrets.at[i].bytes, secrets.at[i].n}))
            fail_msg("secret %zu is in %s", i, where);
}

static void search_events(struct service *s)
{
    static struct outbox_entry entries[EVENTS_MAX];
    struct arena *arena = arena_new(4 * 1024 * 1024);
    size_t n = peek_outbox(s, arena, entries, EVENTS_MAX);

    assert_true(n > 10);
    for (size_t i = 0; i < n; i++)
        none_in(entries[i].event, "an event");
    arena_free(arena);
}

/* Is ada in the file? No secret is. */
static bool search_file(const struct service *s, const char *name)
{
    enum { FILE_MAX = 8 * 1024 * 1024 };
    uint8_t *content = malloc(FILE_MAX);
    char path[96];
    struct bytes hay;
    bool has_ada;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    hay = (struct bytes){content, fread(content, 1, FILE_MAX, f)};
    assert_true(hay.n > 4096 && hay.n < FILE_MAX);
    has_ada = has(hay, "ada", 3);
    none_in(hay, "the database");
    fclose(f);
    free(content);
    return has_ada;
}

/* As it is while the service is at work: the newest is in the journal. */
static void search_files(const struct service *s)
{
    bool in_tree = search_file(s, "data.mdb");
    bool in_first = search_file(s, "journal.0"), in_second = search_file(s, "journal.1");

    assert_true(in_tree || in_first || in_second); /* they are the right files */
}

static void rule_15_attack_A54_no_secret_is_in_events_or_file(void **state)
{
    struct service *s = *state;

    secrets.n = 0;
    service_put_user(s, "eve", "of no interest");
    enrol_and_use(s, "canary password 1");
    fail_with(s, "canary password 2");
    import_one(s);
    service_put_user(s, "ada", "canary password 3");
    remember_text("canary password 3");
    assert_true(secrets.n > 40);
    search_events(s);
    search_files(s);
}

/* --- Memory that is given back (rules.cmake: free() comes by here) --- */

/* Given back is looked at while the service is at work; whatever a test gives back is emptied, so
 * that nothing of it lies in the memory that the service gets next. */
static struct {
    atomic_bool on;
    atomic_uint looked_at, betrayed;
} watch;

void __real_free(void *p);
void __wrap_free(void *p);

static void look_at(const void *p, size_t n)
{
    bool found = false;

    for (size_t i = 0; i < secrets.n; i++)
        found |= has((struct bytes){p, n}, (const char *)secrets.at[i].bytes, secrets.at[i].n);
    watch.looked_at++;
    watch.betrayed += found;
}

void __wrap_free(void *p)
{
    size_t n = p ? malloc_usable_size(p) : 0;

    if (n > 0 && watch.on)
        look_at(p, n);
    else if (n > 0)
        memset(p, 0, n);
    __real_free(p);
}

/* One request from its bytes to the end of its exchange. */
static void watched(struct service *s, const char *method, const struct field *fields)
{
    struct exchange *x = hand_in(s, method, fields);

    watch.on = true;
    hand_run(s, &x, 1);
    (void)hand_finish(s, x);
    exchange_free(x);
    watch.on = false;
}

static void the_watch_sees_what_is_given_back(void)
{
    char *p = strdup("a canary password 4 that nobody wiped");

    watch.looked_at = watch.betrayed = 0;
    watch.on = true;
    free(p);
    watch.on = false;
    assert_int_equal(watch.betrayed, 1);
    watch.betrayed = 0;
}

/* Passwords, codes, recovery codes and step tokens are gone from what a request took. */
static void attack_A54_memory_is_given_back_without_secrets(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];
    char *token;

    secrets.n = 0;
    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    app_code(&e.app, s, 0, code);
    remember_text("canary password 4");
    remember_text(PASSWORD);
    remember_text(e.codes[0]);
    remember_text(token);
    remember_text(IMPORTED);
    the_watch_sees_what_is_given_back();
    watched(s, "login.login",
            (const struct field[]){
                {"username", "ada"}, {"password", PASSWORD}, {"code", code}, {NULL, NULL}});
    watched(s, "login.login",
            (const struct field[]){
                {"username", "ada"}, {"password", "canary password 4"}, {NULL, NULL}});
    watched(
        s, "verification.verify",
        (const struct field[]){{"username", "ada"}, {"recovery_code", e.codes[0]}, {NULL, NULL}});
    watched(s, "admin.import_user",
            (const struct field[]){{"username", "ivy"},
                                   {"otpauth_uris", "otpauth://totp/a?secret=" IMPORTED},
                                   {NULL, NULL}});
    watched(s, "enrollment.complete", (const struct field[]){{"step_token", token}, {NULL, NULL}});
    watch.on = true; /* exchanges are kept for the next request until then */
    dispatcher_free(STEAL(s->dispatcher));
    watch.on = false;
    assert_true(watch.looked_at > 8);
    assert_int_equal(watch.betrayed, 0);
    free(token);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_search_finds_what_is_there),
    cmocka_unit_test_setup_teardown(attack_A54_memory_is_given_back_without_secrets, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_15_attack_A54_no_secret_is_in_events_or_file, set_up,
                                    tear_down),
};
RUN(tests)
