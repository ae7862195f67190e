/* The contract's fourth part: failures that were counted instead of told. */
#include "unit/store/store_contract.h"

static const struct user_id alice = {.org = "acme", .username = "alice"};
static const struct user_id bob = {.org = "acme", .username = "bob"};

/* The next one is less than it when its bytes are read the wrong way round. */
enum { MINUTE = 0x01c9c3ff };

static void put(struct contract *c, const struct user_id *id, uint32_t minute, uint32_t told)
{
    struct repeats r = repeats_sample();

    r.told = told;
    contract_begin(c);
    assert_int_equal(c->store->ops->save_repeats(c->txn, id, minute, &r), ERR_OK);
    contract_commit(c);
}

/* What is kept for ID in MINUTE must be the sample with TOLD; 0: nothing. */
static void assert_counted(struct contract *c, const struct user_id *id, uint32_t minute,
                           uint32_t told)
{
    struct repeats expected = {0}, got;

    if (told)
        expected = repeats_sample();
    expected.told = told;
    memset(&got, 0xee, sizeof got);
    contract_begin(c);
    assert_int_equal(c->store->ops->load_repeats(c->txn, id, minute, &got), ERR_OK);
    contract_roll_back(c);
    assert_same_repeats(&expected, &got);
}

void repeats_are_kept_by_user_and_minute(void **state)
{
    const struct user_id other = {.org = "acm", .username = "ealice"};
    struct contract *c = *state;

    assert_counted(c, &alice, MINUTE, 0);
    put(c, &alice, MINUTE, 5);
    put(c, &bob, MINUTE, 6);
    put(c, &alice, MINUTE + 1, 7);
    put(c, &alice, MINUTE, 8); /* again: counts on */
    contract_open_again(c);
    assert_counted(c, &alice, MINUTE, 8);
    assert_counted(c, &bob, MINUTE, 6);
    assert_counted(c, &alice, MINUTE + 1, 7);
    assert_counted(c, &alice, MINUTE - 1, 0);
    assert_counted(c, &bob, MINUTE + 1, 0);
    assert_counted(c, &other, MINUTE, 0);
}

/* Takes the next row in a transaction of its own; it must be ID's, with TOLD. */
static void assert_taken(struct contract *c, uint32_t minute, const struct user_id *id,
                         uint32_t told)
{
    struct repeats expected = repeats_sample(), got;
    struct repeats_owner owner;

    expected.told = told;
    contract_begin(c);
    assert_int_equal(c->store->ops->take_repeats(c->txn, minute, &owner, &got), ERR_OK);
    contract_commit(c);
    assert_string_equal(owner.org, id->org);
    assert_string_equal(owner.username, id->username);
    assert_same_repeats(&expected, &got);
}

static void assert_none_due(struct contract *c, uint32_t minute)
{
    struct repeats_owner owner;
    struct repeats got;

    contract_begin(c);
    assert_int_equal(c->store->ops->take_repeats(c->txn, minute, &owner, &got), ERR_NOT_FOUND);
    contract_roll_back(c);
}

void repeats_are_taken_oldest_first(void **state)
{
    struct contract *c = *state;

    assert_none_due(c, UINT32_MAX);
    put(c, &alice, MINUTE + 1, 1);
    put(c, &bob, MINUTE, 2);
    put(c, &alice, 5, 3); /* years ago: nobody came to take it */
    put(c, &alice, MINUTE, 4);
    put(c, &bob, MINUTE + 2, 5);
    assert_taken(c, MINUTE + 1, &alice, 3);
    assert_taken(c, MINUTE + 2, &alice, 4);
    assert_taken(c, MINUTE + 2, &bob, 2);
    assert_none_due(c, MINUTE + 1);
    assert_taken(c, MINUTE + 2, &alice, 1);
    assert_none_due(c, MINUTE + 2);
    assert_counted(c, &alice, MINUTE, 0);
    assert_counted(c, &bob, MINUTE + 2, 5);
}

void taking_repeats_can_be_undone(void **state)
{
    struct contract *c = *state;
    struct repeats_owner owner;
    struct repeats got;

    put(c, &alice, MINUTE, 1);
    put(c, &bob, MINUTE, 2);
    contract_begin(c);
    assert_int_equal(c->store->ops->take_repeats(c->txn, MINUTE + 1, &owner, &got), ERR_OK);
    assert_int_equal(c->store->ops->take_repeats(c->txn, MINUTE + 1, &owner, &got), ERR_OK);
    assert_int_equal(c->store->ops->take_repeats(c->txn, MINUTE + 1, &owner, &got), ERR_NOT_FOUND);
    contract_roll_back(c);
    assert_taken(c, MINUTE + 1, &alice, 1);
    assert_taken(c, MINUTE + 1, &bob, 2);
    assert_none_due(c, MINUTE + 1);
}

/* The clock was set back: their minute would come in years. That of a process whose next minute has
 * begun already is not due. */
void repeats_far_ahead_are_taken(void **state)
{
    struct contract *c = *state;

    put(c, &alice, MINUTE + 1, 1);
    put(c, &bob, MINUTE + 2, 2);
    put(c, &alice, UINT32_MAX, 3);
    assert_taken(c, MINUTE, &alice, 3);
    assert_taken(c, MINUTE, &bob, 2);
    assert_none_due(c, MINUTE);
    put(c, &alice, UINT32_MAX, 3);
    assert_taken(c, UINT32_MAX, &alice, 1);
    assert_none_due(c, UINT32_MAX);
}

void repeats_of_the_longest_names_are_kept(void **state)
{
    char org[ORG_MAX + 1], username[USERNAME_MAX + 1];
    const struct user_id id = {.org = org, .username = username};
    struct contract *c = *state;

    memset(org, 'o', ORG_MAX);
    org[ORG_MAX] = '\0';
    memset(username, 0xff, USERNAME_MAX);
    username[USERNAME_MAX] = '\0';
    put(c, &id, MINUTE, 1);
    assert_counted(c, &id, MINUTE, 1);
    assert_taken(c, MINUTE + 1, &id, 1);
}
