#include "unit/store/store_contract.h"

#include "base/arena.h"

static const struct user_id alice = {.org = "acme", .username = "alice"};
static const struct user_id bob = {.org = "acme", .username = "bob"};

int contract_set_up(void **state)
{
    struct contract *c = *state;

    c->prepare(c);
    c->store = c->open(c);
    return 0;
}

int contract_tear_down(void **state)
{
    struct contract *c = *state;

    if (c->txn)
        c->store->ops->abort(c->txn);
    c->txn = NULL;
    store_close(c->store);
    c->clean(c);
    return 0;
}

void contract_begin(struct contract *c)
{
    assert_int_equal(c->store->ops->begin(c->store, &c->txn), ERR_OK);
}

void contract_commit(struct contract *c)
{
    struct store_txn *t = STEAL(c->txn);

    assert_int_equal(c->store->ops->commit(t), ERR_OK);
}

void contract_roll_back(struct contract *c)
{
    struct store_txn *t = STEAL(c->txn);

    c->store->ops->abort(t);
}

void contract_open_again(struct contract *c)
{
    store_close(c->store);
    c->store = c->open(c);
}

/* ---- users and orgs ---- */

void saved_users_are_loaded(void **state)
{
    struct contract *c = *state;
    struct user u, back;

    user_maximal(&u);
    contract_begin(c);
    assert_int_equal(c->store->ops->save_user(c->txn, &alice, &u), ERR_OK);
    assert_int_equal(c->store->ops->load_user(c->txn, &alice, &back), ERR_OK);
    assert_int_equal(*back.password_phc, 0);
    assert_int_equal(c->store->ops->open_password(c->txn, &alice, &back), ERR_OK);
    assert_same_user(&u, &back);
    contract_commit(c);
    get_user(c->store, &alice, &back);
    assert_same_user(&u, &back);
    contract_open_again(c);
    get_user(c->store, &alice, &back);
    assert_same_user(&u, &back);
}

void unknown_users_do_not_exist(void **state)
{
    struct contract *c = *state;
    struct user nobody = {0}, back;

    memset(&back, 0xee, sizeof back);
    get_user(c->store, &alice, &back);
    assert_same_user(&nobody, &back);
}

void last_save_counts(void **state)
{
    struct contract *c = *state;
    struct user u, back;

    user_maximal(&u);
    put_user(c->store, &alice, &u);
    u.authenticators[0].last_step = 17;
    u.n_tokens = 0;
    u.enrollment = (struct enrollment){0};
    put_user(c->store, &alice, &u);
    get_user(c->store, &alice, &back);
    assert_same_user(&u, &back);
}

void aborted_changes_are_gone(void **state)
{
    struct contract *c = *state;
    const struct org o = org_sample();
    struct user u, back;
    struct org org;

    user_maximal(&u);
    contract_begin(c);
    assert_int_equal(c->store->ops->save_user(c->txn, &alice, &u), ERR_OK);
    assert_int_equal(c->store->ops->save_org(c->txn, "acme", &o), ERR_OK);
    contract_roll_back(c);
    get_user(c->store, &alice, &back);
    assert_false(back.exists);
    contract_begin(c);
    assert_int_equal(c->store->ops->load_org(c->txn, "acme", &org), ERR_OK);
    assert_false(org.exists);
}

void erased_users_are_gone(void **state)
{
    struct contract *c = *state;
    struct user u, back;

    user_maximal(&u);
    put_user(c->store, &alice, &u);
    user_maximal(&u); /* what is sealed is sealed for one name */
    put_user(c->store, &bob, &u);
    contract_begin(c);
    assert_int_equal(c->store->ops->erase_user(c->txn, &alice), ERR_OK);
    assert_int_equal(c->store->ops->erase_user(c->txn, &alice), ERR_OK);
    contract_commit(c);
    get_user(c->store, &alice, &back);
    assert_false(back.exists);
    get_user(c->store, &bob, &back);
    assert_true(back.exists);
}

void users_of_orgs_are_apart(void **state)
{
    const struct user_id other = {.org = "acm", .username = "ealice"};
    struct contract *c = *state;
    struct user u, back;

    user_minimal(&u);
    put_user(c->store, &alice, &u);
    get_user(c->store, &other, &back);
    assert_false(back.exists);
}

void failures_of_unknown_users_are_kept(void **state)
{
    struct contract *c = *state;
    struct user u = {.password_lockout = {.failures = 6, .until_s = 1700000000}}, back;

    u.code_lockout.failures = 3; /* only the password's count for a user who does not exist */
    put_user(c->store, &alice, &u);
    contract_open_again(c);
    get_user(c->store, &alice, &back);
    assert_false(back.exists);
    assert_int_equal(back.password_lockout.failures, 6);
    assert_true(back.password_lockout.until_s == 1700000000);
    assert_int_equal(back.code_lockout.failures, 0);
    get_user(c->store, &bob, &back);
    assert_int_equal(back.password_lockout.failures, 0);
    u.password_lockout = (struct lockout){0};
    put_user(c->store, &bob, &u);
    get_user(c->store, &alice, &back);
    assert_int_equal(back.password_lockout.failures, 6);
    put_user(c->store, &alice, &u);
    get_user(c->store, &alice, &back);
    assert_int_equal(back.password_lockout.failures, 0);
}

void creating_a_user_leaves_failures(void **state)
{
    struct contract *c = *state;
    struct user unknown = {.password_lockout = {.failures = 6}}, u, back;

    put_user(c->store, &alice, &unknown);
    user_minimal(&u);
    put_user(c->store, &alice, &u);
    get_user(c->store, &alice, &back);
    assert_true(back.exists);
    assert_int_equal(back.password_lockout.failures, 0);
    contract_begin(c);
    assert_int_equal(c->store->ops->erase_user(c->txn, &alice), ERR_OK);
    contract_commit(c);
    get_user(c->store, &alice, &back);
    assert_false(back.exists);
    assert_int_equal(back.password_lockout.failures, 6);
}

void orgs_begin_with_the_default_policy(void **state)
{
    struct contract *c = *state;
    const struct org none = {.policy = policy_default()};
    struct org org;

    memset(&org, 0xee, sizeof org);
    contract_begin(c);
    assert_int_equal(c->store->ops->load_org(c->txn, "acme", &org), ERR_OK);
    assert_same_org(&none, &org);
}

void saved_orgs_are_loaded(void **state)
{
    struct contract *c = *state;
    const struct org o = org_sample();
    struct org back;

    contract_begin(c);
    assert_int_equal(c->store->ops->save_org(c->txn, "acme", &o), ERR_OK);
    contract_commit(c);
    contract_open_again(c);
    contract_begin(c);
    assert_int_equal(c->store->ops->load_org(c->txn, "acme", &back), ERR_OK);
    assert_same_org(&o, &back);
    assert_int_equal(c->store->ops->load_org(c->txn, "acm", &back), ERR_OK);
    assert_false(back.exists);
}

/* The ORGth of many. */
static const char *org_of_number(unsigned org)
{
    static char name[16];

    snprintf(name, sizeof name, "org-%02u", org);
    return name;
}

static void assert_versions(struct contract *c, unsigned orgs, uint64_t first)
{
    struct org org;

    for (unsigned i = 0; i < orgs; i++) {
        assert_int_equal(c->store->ops->load_org(c->txn, org_of_number(i), &org), ERR_OK);
        assert_int_equal(org.exists, first > 0);
        assert_int_equal(org.policy_version, first ? first + i : 0);
    }
}

static void save_versions(struct contract *c, unsigned orgs, uint64_t first)
{
    struct org org = org_sample();

    for (unsigned i = 0; i < orgs; i++) {
        org.policy_version = first + i;
        assert_int_equal(c->store->ops->save_org(c->txn, org_of_number(i), &org), ERR_OK);
    }
}

static void save_and_look(struct contract *c, unsigned orgs)
{
    contract_begin(c);
    assert_versions(c, orgs, 0);
    save_versions(c, orgs, 100);
    assert_versions(c, orgs, 100);
    save_versions(c, orgs, 200);
    assert_versions(c, orgs, 200);
    contract_roll_back(c);
    contract_begin(c);
    assert_versions(c, orgs, 0);
    contract_roll_back(c);
}

/* A few, and more than a store may care to remember. */
void an_org_is_what_was_saved_last(void **state)
{
    struct contract *c = *state;

    save_and_look(c, 1);
    save_and_look(c, 5);
    save_and_look(c, 50);
}

/* Asks for MAX users of "acme" after AFTER; they must be EXPECTED, separated by spaces. */
static void assert_page(struct contract *c, const char *after, size_t max, const char *expected)
{
    struct listed_user users[8];
    char got[1024] = "";
    size_t n = 99;

    assert_int_equal(c->store->ops->list_users(c->txn, "acme", after, 0, users, max, &n), ERR_OK);
    assert_true(n <= max);
    for (size_t i = 0; i < n; i++) {
        size_t end = strlen(got);

        snprintf(got + end, sizeof got - end, "%s%.64s", i ? " " : "", users[i].username);
    }
    assert_string_equal(got, expected);
}

void users_are_listed_in_pages(void **state)
{
    const struct user_id ids[] = {
        {"acme", "b"},  {"acme", "a"},   {"acme", "aa"},       {"acme", "a b"}, {"acme", "B"},
        {"acm", "eve"}, {"acme2", "al"}, {"acme", "\xc3\xa9"}, {"Acme", "zoe"},
    };
    struct contract *c = *state;
    struct user u;

    user_minimal(&u);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        put_user(c->store, &ids[i], &u);
    contract_begin(c);
    assert_page(c, "", 8, "B a a b aa b \xc3\xa9");
    assert_page(c, "", 2, "B a");
    assert_page(c, "a", 2, "a b aa");
    assert_page(c, "aa", 2, "b \xc3\xa9");
    assert_page(c, "\xc3\xa9", 2, "");
    assert_page(c, "a!", 1, "aa"); /* after one that is not there */
    assert_page(c, "", 0, "");
}

void listing_knows_the_state(void **state)
{
    struct contract *c = *state;
    struct listed_user listed[4];
    struct user active, pending;
    size_t n;

    user_maximal(&active);
    active.code_lockout = (struct lockout){0};
    user_minimal(&pending);
    pending.enrollment = active.enrollment;
    pending.enrollment.state = ENROLLMENT_PENDING;
    put_user(c->store, &alice, &active);
    put_user(c->store, &bob, &pending);
    contract_begin(c);
    assert_int_equal(c->store->ops->list_users(c->txn, "acme", "", 0, listed, 4, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(listed[0].state, FACTOR_ACTIVE);
    assert_int_equal(listed[1].state, FACTOR_PENDING);
    assert_int_equal(c->store->ops->list_users(c->txn, "acme", "", INT64_MAX, listed, 4, &n),
                     ERR_OK);
    assert_int_equal(listed[1].state, FACTOR_NOT_ENROLLED);
}
