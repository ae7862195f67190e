/* A seed file's mistakes: all of them, and where each stands. */
#include "seed_plan.h"

#include "support/runner.h"

#include <stdlib.h>

#define RFC "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

struct read {
    struct seed_plan plan;
    struct seed_mistakes mistakes;
    enum seed_read got;
};

static void read_text(const char *text, struct read *ret)
{
    *ret = (struct read){0};
    ret->got = seed_plan_read(text, strlen(text), &ret->plan, &ret->mistakes);
}

#define USER "organizations:\n  acme:\n    users:\n      - "
#define FACTOR USER "username: u\n        authenticators:\n          - "
#define POLICY "organizations:\n  acme:\n    policy: "
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *text, *says; /* the first mistake of TEXT, printed */
} wrong[] = {
    {"", "f:1:1: the file holds nothing\n"},
    {"# nothing\n", "f:1:1: the file holds nothing\n"},
    {"~", "f:1:1: the file holds nothing\n"},
    {"text", "f:1:1: a seed file has: organizations\n"},
    {"- organizations", "f:1:1: a seed file has: organizations\n"},
    {"organisations: {}", "f:1:1: a seed file has: organizations\n"},
    {"organizations: {}", "f:1:16: organizations: must name one at least\n"},
    {"organizations:", "f:1:1: organizations: is required\n"},
    {"organizations: []", "f:1:16: organizations: must be a map of names\n"},
    {"organizations: {}\norganizations: {}", "f:2:1: organizations: is given twice\n"},
    {"organizations:\n  a b: {}", "f:2:3: an organization's name must be"},
    {"organizations:\n  '': {}", "f:2:3: an organization's name must be"},
    {"organizations:\n  \"a\\0b\": {}", "f:2:3: an organization's name must be"},
    {"organizations:\n  a>: {}", "f:2:3: an organization's name must be"},
    {"organizations:\n  ? [a]\n  : {}", "f:2:5: an organization's name must be"},
    {"organizations:\n  x" HUNDRED ": {}", "f:2:3: an organization's name must be"},
    {"organizations:\n  a: {}\n  b: {}\n  a: {}", "f:4:3: this organization is given twice\n"},
    {"organizations:\n  a: [users]", "f:2:6: an organization has: policy, users\n"},
    {"organizations:\n  a: {user: []}", "f:2:7: an organization has: policy, users\n"},
    {"organizations:\n  a:\n    users: 3", "f:3:12: users: must be a list\n"},
    {"organizations:\n  a:\n    users: {username: a}", "f:3:12: users: must be a list\n"},
    {POLICY "strict", "f:3:13: a policy has: "},
    {POLICY "{digit: 8}", "f:3:14: a policy has: "},
    {POLICY "{mode: strict}", "f:3:20: mode: must be disabled, optional or required\n"},
    {POLICY "{mode: mode_unspecified}", "f:3:20: mode: must be disabled, optional or required\n"},
    {POLICY "{mode: [required]}", "f:3:20: mode: must be a text\n"},
    {POLICY "{mode: off}", "f:3:20: mode: must be a text: put it in quotes\n"},
    {POLICY "{algorithm: md5}", "f:3:25: algorithm: must be sha1, sha256 or sha512\n"},
    {POLICY "{digits: 7}", "f:3:22: digits: must be 6 or 8\n"},
    {POLICY "{digits: 6.0}", "f:3:22: digits: must be a whole number\n"},
    {POLICY "{digits: '6'}", "f:3:22: digits: must be a whole number\n"},
    {POLICY "{digits: {}}", "f:3:22: digits: must be a whole number\n"},
    {POLICY "{digits: 99999999999}", "f:3:22: digits: is too large\n"},
    {POLICY "{period: 45}", "f:3:22: period: must be 30 or 60\n"},
    {POLICY "{skew_steps: -1}", "f:3:26: skew_steps: must be 0 to 2\n"},
    {POLICY "{issuer: 'a:b'}", "f:3:22: issuer: must be 1 to 64 bytes"},
    {POLICY "{issuer: ''}", "f:3:22: issuer: must be 1 to 64 bytes"},
    {POLICY "{issuer: \"a\\u0085\"}", "f:3:22: issuer: must be 1 to 64 bytes"},
    {POLICY "{issuer: " HUNDRED "}", "f:3:22: issuer: must be a text: put it in quotes\n"},
    {POLICY "{issuer: x" HUNDRED "}", "f:3:22: issuer: must be 1 to 64 bytes"},
    {POLICY "{disable_requires_code: 'true'}", "f:3:37: disable_requires_code: must be true or"},
    {POLICY "{disable_requires_code: maybe}", "f:3:37: disable_requires_code: must be true or"},
    {USER "alice", "f:4:9: a user has: username, password, authenticators\n"},
    {USER "name: alice", "f:4:9: a user has: username, password, authenticators\n"},
    {USER "password: correct horse", "f:4:9: username: is required\n"},
    {USER "username:", "f:4:9: username: is required\n"},
    {USER "username: ''", "f:4:19: username: must be 1 to 254 bytes"},
    {USER "username: \"a\\nb\"", "f:4:19: username: must be 1 to 254 bytes"},
    {USER "username: \"a\\0b\"", "f:4:19: username: must not hold a NUL\n"},
    {USER "username: 1001", "f:4:19: username: must be a text: put it in quotes\n"},
    {USER "username: x" HUNDRED HUNDRED HUNDRED, "f:4:19: username: must be 1 to 254 bytes"},
    {USER "username: [a]", "f:4:19: username: must be a text\n"},
    {USER "username: a\n        username: b", "f:5:9: username: is given twice\n"},
    {USER "username: a\n      - username: b\n      - username: a",
     "f:6:9: username: is given twice, see line 4\n"},
    {USER "username: a\n        password: seven77", "f:5:19: password: must be 8 to 256 bytes\n"},
    {USER "username: a\n        password: 12345678", "f:5:19: password: must be a text: put it"},
    {USER "username: a\n        password: x" HUNDRED HUNDRED HUNDRED,
     "f:5:19: password: must be 8 to 256 bytes\n"},
    {USER "username: a\n        authenticators: {secret: " RFC "}",
     "f:5:25: authenticators: must be a list\n"},
    {USER "username: a\n        authenticators: [{secret: " RFC "}, {secret: " RFC "}]",
     "f:5:25: authenticators: must be no more than the policy's max_authenticators"},
    {FACTOR RFC, "f:6:13: an authenticator has: "},
    {FACTOR "secrets: " RFC, "f:6:13: an authenticator has: "},
    {FACTOR "label: x", "f:6:13: an authenticator needs a secret or an otpauth_uri\n"},
    {FACTOR "secret:", "f:6:13: an authenticator needs a secret or an otpauth_uri\n"},
    {FACTOR "secret: GEZDGNBVGY3TQOJQ", "f:6:21: secret: must be 16 to 64 bytes in base32\n"},
    {FACTOR "secret: " RFC "1", "f:6:21: secret: must be 16 to 64 bytes in base32\n"},
    {FACTOR "secret: " RFC "A", "f:6:21: secret: must be 16 to 64 bytes in base32\n"},
    {FACTOR "secret: " RFC "AB", "f:6:21: secret: must be 16 to 64 bytes in base32\n"},
    {FACTOR "secret: " RFC "=" RFC, "f:6:21: secret: must be 16 to 64 bytes in base32\n"},
    {FACTOR "secret: " RFC RFC RFC RFC, "f:6:21: secret: must be 16 to 64 bytes in base32\n"},
    {FACTOR "{secret: " RFC ", digits: 7}", "f:6:64: digits: must be 6 or 8\n"},
    {FACTOR "{secret: " RFC ", algorithm: 1}", "f:6:67: algorithm: must be a text: put it"},
    {FACTOR "{secret: " RFC ", label: 'a:b'}", "f:6:63: label: must be at most 64 bytes"},
    {FACTOR "{otpauth_uri: 'otpauth://totp/a?secret=" RFC "', digits: 8}",
     "f:6:95: digits: is in otpauth_uri already: leave it out\n"},
    {FACTOR "otpauth_uri: otpauth://hotp/a?secret=" RFC, "f:6:26: otpauth_uri: must be otpauth://"},
    {FACTOR "otpauth_uri: otpauth://totp/a", "f:6:26: otpauth_uri: must be otpauth://totp/LABEL?"},
    {FACTOR "otpauth_uri: 'otpauth://totp/a b?secret=" RFC "'", "f:6:26: otpauth_uri: must be vis"},
    {FACTOR "otpauth_uri: otpauth://totp/a?secret=AAAA", "f:6:26: otpauth_uri: must carry one sec"},
    {FACTOR "otpauth_uri: otpauth://totp/a?&ecret=" RFC, "f:6:26: otpauth_uri: must carry one sec"},
    {FACTOR "otpauth_uri: otpauth://totp/a?issuer=b&&", "f:6:26: otpauth_uri: must carry one sec"},
    {FACTOR "otpauth_uri: otpauth://totp/a?issuer=b", "f:6:26: otpauth_uri: must carry one sec"},
    {FACTOR "otpauth_uri: otpauth://totp/a?secret=" RFC "&secret=" RFC,
     "f:6:26: otpauth_uri: must carry one sec"},
    {"a: [1", "f:2:1: this cannot be read as YAML or JSON: "},
    {"a:\n\tb: c", "f:2:1: this cannot be read as YAML or JSON: "},
    {"a: b\n\xff\n", "f:2:1: this cannot be read as YAML or JSON: "},
    {"a: \"\\ud83d\"", "f:1:7: this cannot be read as YAML or JSON: "},
    {"organizations: {}\n---\norganizations: {}", "f:2:1: a second document begins"},
    {"organizations: &all {}", "f:1:16: anchors (&) are not taken"},
    {"organizations: &all [a]", "f:1:16: anchors (&) are not taken"},
    {"organizations: &all a", "f:1:16: anchors (&) are not taken"},
    {"organizations: *all", "f:1:16: aliases (*) are not taken"},
    {"organizations: !!binary aGk=", "f:1:16: tags (!) are not taken"},
    {"organizations: !x {}", "f:1:16: tags (!) are not taken"},
    {"organizations: !x []", "f:1:16: tags (!) are not taken"},
};

static void first_line(struct read *r, char ret[static 512])
{
    FILE *out = fmemopen(ret, 512, "w");

    seed_mistakes_print(out, "f", &r->mistakes);
    fclose(out);
    ret[511] = '\0';
}

static void every_mistake_is_named_where_it_stands(void **state)
{
    char said[512];
    struct read r;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        read_text(wrong[i].text, &r);
        if (r.got != SEED_MISTAKEN)
            fail_msg("taken: %s", wrong[i].text);
        first_line(&r, said);
        if (strncmp(said, wrong[i].says, strlen(wrong[i].says)) != 0)
            fail_msg("%s\nis: %s\nnot: %s", wrong[i].text, said, wrong[i].says);
        seed_plan_free(&r.plan);
    }
}

static void all_mistakes_are_named_at_once_in_their_order(void **state)
{
    char said[512];
    struct read r;

    (void)state;
    read_text(USER "username: a\n      - username: a\n        password: x\n    policy: {mode: x}\n",
              &r);
    assert_int_equal(r.mistakes.n, 3);
    first_line(&r, said);
    assert_string_equal(said, "f:5:9: username: is given twice, see line 4\n"
                              "f:6:19: password: must be 8 to 256 bytes\n"
                              "f:7:20: mode: must be disabled, optional or required\n");
    seed_plan_free(&r.plan);
}

/* A slip of indentation makes a name of a secret: names are not repeated either. */
static void nothing_of_the_file_is_echoed(void **state)
{
    static const char *const texts[] = {
        FACTOR "hidden: " RFC "\n            secret: hidden",
        USER "username: hid\n        password: hidden\n        hidden: x\n        hidden: y",
        USER "username: \"hidden\\n\"\n        authenticators: [{otpauth_uri: hidden}]",
        "organizations: *hidden",
        "organizations: !hidden x",
        "hidden\n- hidden: {",
    };
    char said[512];
    struct read r;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        read_text(texts[i], &r);
        assert_int_equal(r.got, SEED_MISTAKEN);
        first_line(&r, said);
        if (strstr(said, "hidden") || strstr(said, RFC))
            fail_msg("%s\nsays: %s", texts[i], said);
        seed_plan_free(&r.plan);
    }
}

/* TEXT with N times MIDDLE in it. */
static char *blown_up(const char *head, const char *middle, size_t n, const char *tail)
{
    size_t m = strlen(middle);
    char *text = malloc(strlen(head) + n * m + strlen(tail) + 1), *to;

    assert_non_null(text);
    to = stpcpy(text, head);
    for (size_t i = 0; i < n; i++, to += m)
        memcpy(to, middle, m);
    stpcpy(to, tail);
    return text;
}

static void bombs_are_refused(void **state)
{
    static const struct {
        const char *head, *middle;
        size_t n;
        const char *tail, *says;
    } bombs[] = {
        {"", "[", 1000000, "", "f:1:9: this is deeper"},
        {"", "{a: ", 100000, "", "f:1:33: this is deeper"},
        {"", "- ", 100000, "", "f:1:17: this is deeper"},
        {"organizations: [", "1,", 2000000, "]", "f:1:2097163: the file holds more than a million"},
        {"a: &a [x,x]\nb: &b [", "*a,", 1000, "*a]\n", "f:1:4: anchors"},
        {"organizations: {a: {users: [", "x,", 100001, "x]}}", "f:1:28: users: must be no more"},
    };
    char said[512];
    struct read r;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
        char *text = blown_up(bombs[i].head, bombs[i].middle, bombs[i].n, bombs[i].tail);

        read_text(text, &r);
        first_line(&r, said);
        if (strncmp(said, bombs[i].says, strlen(bombs[i].says)) != 0)
            fail_msg("bomb %zu: %s", i, said);
        seed_plan_free(&r.plan);
        free(text);
    }
}

/* A user has room for as many as a policy may say at most, whatever this one says. */
static void a_policy_makes_no_room_for_authenticators(void **state)
{
    static const char *const heads[] = {
        "organizations: {a: {policy: {max_authenticators: 11}, users: [{username: u, "
        "authenticators: [",
        "organizations: {a: {policy: {max_authenticators: 2147483647}, users: [{username: u, "
        "authenticators: [",
        "organizations: {a: {policy: {max_authenticators: -1}, users: [{username: u, "
        "authenticators: [",
    };
    struct read r;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        char *text = blown_up(heads[i], "{secret: " RFC "},", 200, "]}, {username: v}]}}");

        read_text(text, &r);
        assert_int_equal(r.got, SEED_MISTAKEN);
        assert_int_equal(r.mistakes.n, 2);
        assert_string_equal(r.mistakes.list[0].field, "max_authenticators");
        assert_string_equal(r.mistakes.list[1].field, "authenticators");
        assert_int_equal(r.plan.orgs[0].policy.max_authenticators, 1);
        assert_int_equal(r.plan.orgs[0].users[0].n_uris, 0);
        seed_plan_free(&r.plan);
        free(text);
    }
}

static void so_many_mistakes_are_counted(void **state)
{
    char *text = blown_up("organizations: {a: {users: [", "x, ", 200, "x]}}");
    char *said = NULL;
    size_t n;
    struct read r;
    FILE *out = open_memstream(&said, &n);

    (void)state;
    read_text(text, &r);
    assert_int_equal(r.mistakes.n, 201);
    seed_mistakes_print(out, "f", &r.mistakes);
    fclose(out);
    assert_non_null(strstr(said, "f:1:176: a user has"));
    assert_null(strstr(said, "f:1:179: a user has"));
    assert_non_null(strstr(said, "twofold: and 151 mistakes more\n"));
    seed_plan_free(&r.plan);
    free(said);
    free(text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_mistake_is_named_where_it_stands),
    cmocka_unit_test(all_mistakes_are_named_at_once_in_their_order),
    cmocka_unit_test(nothing_of_the_file_is_echoed),
    cmocka_unit_test(bombs_are_refused),
    cmocka_unit_test(a_policy_makes_no_room_for_authenticators),
    cmocka_unit_test(so_many_mistakes_are_counted),
};
RUN(tests)
