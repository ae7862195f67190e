/* Sample users and orgs, and their comparison field by field. */
#include "unit/store/fixture.h"

/* Fills N bytes with a pattern that SEED begins; never zero. */
static void fill(void *p, size_t n, unsigned seed)
{
    uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(1 + (seed + i) % 255);
}

static void fill_text(char *text, size_t size, char c)
{
    for (size_t i = 0; i + 1 < size; i++)
        text[i] = c;
    text[size - 1] = '\0';
}

static struct authenticator authenticator_sample(unsigned seed)
{
    struct authenticator a = {
        .otp = {.algorithm = seed % 3, .digits = seed % 2 ? 8 : 6, .period_s = seed % 2 ? 60 : 30},
        .key = {.n = SECRET_MAX},
        .created_s = 1700000000 + seed,
        .last_used_s = 1800000000 + seed,
        .last_step = UINT64_MAX - seed,
    };

    fill(a.id, sizeof a.id, seed);
    fill_text(a.label, sizeof a.label, (char)('a' + seed));
    fill(a.key.bytes, sizeof a.key.bytes, seed + 100);
    return a;
}

static struct recovery_set recovery_sample(unsigned seed)
{
    struct recovery_set s = {.pepper = seed, .n = RECOVERY_CODES_MAX};

    fill(s.id, sizeof s.id, seed);
    for (unsigned i = 0; i < s.n; i++) {
        fill(s.at[i].mac, sizeof s.at[i].mac, seed + i);
        s.at[i].spent = i % 3 == 0;
    }
    return s;
}

static void tokens_sample(struct user *u)
{
    u->n_tokens = STEP_TOKENS_MAX;
    for (unsigned i = 0; i < u->n_tokens; i++) {
        fill(u->tokens[i].id, sizeof u->tokens[i].id, 50 + i);
        u->tokens[i].purpose = TOKEN_ACCOUNT + i % 4;
        u->tokens[i].credential_version = 1000 + i;
        u->tokens[i].expires_s = 1900000000 + i;
        u->tokens[i].password_proved = i % 2;
    }
}

void user_maximal(struct user *u)
{
    memset(u, 0, sizeof *u);
    u->exists = true;
    u->created_s = INT64_MAX;
    u->credential_version = UINT64_MAX;
    fill_text(u->password_phc, sizeof u->password_phc, '$');
    u->password_lockout = (struct lockout){.failures = UINT32_MAX, .until_s = INT64_MAX};
    u->code_lockout = (struct lockout){.failures = 7, .until_s = -1};
    u->recovery_lockout = (struct lockout){.failures = 99, .until_s = 1234567890123};
    u->n_authenticators = AUTHENTICATORS_MAX;
    for (unsigned i = 0; i < u->n_authenticators; i++)
        u->authenticators[i] = authenticator_sample(i);
    u->recovery = recovery_sample(3);
    u->enrollment.state = ENROLLMENT_CONFIRMED;
    u->enrollment.authenticator = authenticator_sample(11);
    u->enrollment.recovery = recovery_sample(4);
    fill(u->enrollment.token, sizeof u->enrollment.token, 5);
    fill(u->enrollment.replaces, sizeof u->enrollment.replaces, 6);
    u->enrollment.expires_s = 2000000000;
    tokens_sample(u);
    u->chain.sequence = UINT64_MAX;
    fill(u->chain.digest, sizeof u->chain.digest, 8);
}

void user_minimal(struct user *u)
{
    memset(u, 0, sizeof *u);
    u->exists = true;
}

static void assert_same_lockout(const struct lockout *a, const struct lockout *b)
{
    assert_int_equal(a->failures, b->failures);
    assert_true(a->until_s == b->until_s);
}

static void assert_same_authenticator(const struct authenticator *a, const struct authenticator *b)
{
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_string_equal(a->label, b->label);
    assert_int_equal(a->otp.algorithm, b->otp.algorithm);
    assert_int_equal(a->otp.digits, b->otp.digits);
    assert_int_equal(a->otp.period_s, b->otp.period_s);
    assert_int_equal(a->damaged, b->damaged);
    assert_int_equal(a->key.n, b->key.n);
    assert_memory_equal(a->key.bytes, b->key.bytes, a->key.n);
    assert_int_equal(a->n_sealed, b->n_sealed);
    assert_memory_equal(a->sealed, b->sealed, a->n_sealed);
    assert_true(a->created_s == b->created_s && a->last_used_s == b->last_used_s);
    assert_true(a->last_step == b->last_step);
}

static void assert_same_recovery(const struct recovery_set *a, const struct recovery_set *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->pepper, b->pepper);
    assert_memory_equal(a->id, b->id, sizeof a->id);
    for (unsigned i = 0; i < a->n; i++) {
        assert_memory_equal(a->at[i].mac, b->at[i].mac, sizeof a->at[i].mac);
        assert_int_equal(a->at[i].spent, b->at[i].spent);
    }
}

static void assert_same_enrollment(const struct enrollment *a, const struct enrollment *b)
{
    assert_int_equal(a->state, b->state);
    assert_true(a->expires_s == b->expires_s);
    assert_memory_equal(a->token, b->token, sizeof a->token);
    assert_memory_equal(a->replaces, b->replaces, sizeof a->replaces);
    assert_same_authenticator(&a->authenticator, &b->authenticator);
    assert_same_recovery(&a->recovery, &b->recovery);
}

static void assert_same_tokens(const struct user *a, const struct user *b)
{
    assert_int_equal(a->n_tokens, b->n_tokens);
    for (unsigned i = 0; i < a->n_tokens; i++) {
        const struct step_token *x = &a->tokens[i], *y = &b->tokens[i];

        assert_memory_equal(x->id, y->id, sizeof x->id);
        assert_int_equal(x->purpose, y->purpose);
        assert_true(x->credential_version == y->credential_version);
        assert_true(x->expires_s == y->expires_s);
        assert_int_equal(x->password_proved, y->password_proved);
    }
}

void assert_same_user(const struct user *a, const struct user *b)
{
    assert_int_equal(a->exists, b->exists);
    assert_true(a->created_s == b->created_s);
    assert_true(a->credential_version == b->credential_version);
    assert_string_equal(a->password_phc, b->password_phc);
    assert_int_equal(a->n_sealed_password, b->n_sealed_password);
    assert_memory_equal(a->sealed_password, b->sealed_password, a->n_sealed_password);
    assert_same_lockout(&a->password_lockout, &b->password_lockout);
    assert_same_lockout(&a->code_lockout, &b->code_lockout);
    assert_same_lockout(&a->recovery_lockout, &b->recovery_lockout);
    assert_int_equal(a->n_authenticators, b->n_authenticators);
    for (unsigned i = 0; i < a->n_authenticators; i++)
        assert_same_authenticator(&a->authenticators[i], &b->authenticators[i]);
    assert_same_recovery(&a->recovery, &b->recovery);
    assert_same_enrollment(&a->enrollment, &b->enrollment);
    assert_same_tokens(a, b);
    assert_true(a->chain.sequence == b->chain.sequence);
    assert_memory_equal(a->chain.digest, b->chain.digest, sizeof a->chain.digest);
}

struct org org_sample(void)
{
    struct org o = {.exists = true, .policy = policy_default(), .policy_version = 42};

    o.policy.mode = POLICY_REQUIRED;
    o.policy.otp = (struct otp_params){.algorithm = MAC_SHA512, .digits = 8, .period_s = 60};
    fill_text(o.policy.issuer, sizeof o.policy.issuer, 'I');
    o.policy.skew_steps = 2;
    o.policy.max_failures = 10;
    o.policy.lockout_seconds = WAIT_SECONDS_MAX;
    o.policy.enrollment_ttl_seconds = 86400;
    o.policy.step_token_ttl_seconds = 31;
    o.policy.recovery_code_count = 0;
    o.policy.max_authenticators = 9;
    o.policy.disable_requires_code = !o.policy.disable_requires_code;
    o.chain.sequence = 12;
    fill(o.chain.digest, sizeof o.chain.digest, 77);
    return o;
}

void assert_same_org(const struct org *a, const struct org *b)
{
    assert_int_equal(a->exists, b->exists);
    assert_true(a->policy_version == b->policy_version);
    assert_int_equal(a->policy.mode, b->policy.mode);
    assert_string_equal(a->policy.issuer, b->policy.issuer);
    assert_int_equal(a->policy.otp.algorithm, b->policy.otp.algorithm);
    assert_int_equal(a->policy.otp.digits, b->policy.otp.digits);
    assert_int_equal(a->policy.otp.period_s, b->policy.otp.period_s);
#define X(name, least, most, fallback, rule) assert_int_equal(a->policy.name, b->policy.name);
    POLICY_NUMBERS(X)
#undef X
    assert_int_equal(a->policy.disable_requires_code, b->policy.disable_requires_code);
    assert_true(a->chain.sequence == b->chain.sequence);
    assert_memory_equal(a->chain.digest, b->chain.digest, sizeof a->chain.digest);
}

struct repeats repeats_sample(void)
{
    struct repeats r = {.told = 30, .n = REPEATS_GROUPS_MAX};

    for (unsigned i = 0; i < r.n; i++)
        r.at[i] = (struct repeats_group){
            .type = i % 2 ? AUDIT_LOGIN_FAILED : AUDIT_VERIFICATION_FAILED,
            .reason = i ? WHY_OUTSIDE_WINDOW - i : WHY_OUTSIDE_WINDOW,
            .method = i % 2 ? BY_PASSWORD : BY_RECOVERY_CODE,
            .span = {.count = UINT64_MAX - i,
                     .first_ms = 1800000000000 + i,
                     .last_ms = 1800000059999 - i},
        };
    return r;
}

void assert_same_repeats(const struct repeats *a, const struct repeats *b)
{
    assert_int_equal(a->told, b->told);
    assert_int_equal(a->n, b->n);
    for (unsigned i = 0; i < a->n; i++) {
        assert_int_equal(a->at[i].type, b->at[i].type);
        assert_int_equal(a->at[i].reason, b->at[i].reason);
        assert_int_equal(a->at[i].method, b->at[i].method);
        assert_true(a->at[i].span.count == b->at[i].span.count);
        assert_true(a->at[i].span.first_ms == b->at[i].span.first_ms);
        assert_true(a->at[i].span.last_ms == b->at[i].span.last_ms);
    }
}
