#include "unit/store/store_contract.h"

#include "base/clock.h"

#include <time.h>

static struct store_proof proof_of(struct contract *c)
{
    struct store_proof p = {.at_ms = -1};

    c->store->ops->look_proof(c->store, &p);
    return p;
}

/* So that what happens afterwards is younger. */
static int64_t next_ms(void)
{
    const struct timespec a_while = {.tv_nsec = 2000000};

    nanosleep(&a_while, NULL);
    return clock_monotonic_ms();
}

static void assert_proven_since(struct contract *c, int64_t from_ms)
{
    struct store_proof p = proof_of(c);

    assert_null(p.trouble);
    assert_in_range(p.at_ms, from_ms, clock_monotonic_ms());
}

void a_commit_that_writes_is_a_proof(void **state)
{
    struct contract *c = *state;
    int64_t began_ms = next_ms();

    assert_int_equal(proof_of(c).at_ms, 0);
    contract_begin(c);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("event")), ERR_OK);
    assert_int_equal(proof_of(c).at_ms, 0);
    contract_commit(c);
    assert_proven_since(c, began_ms);
    began_ms = next_ms();
    assert_int_equal(c->store->ops->prove(c->store), ERR_OK);
    assert_proven_since(c, began_ms);
    began_ms = next_ms();
    assert_int_equal(c->store->ops->prove(c->store), ERR_OK);
    assert_proven_since(c, began_ms);
    contract_open_again(c);
    assert_int_equal(proof_of(c).at_ms, 0);
}

/* Neither what only read, nor what was undone, nor what would go on in a full database. */
void what_writes_nothing_is_no_proof(void **state)
{
    struct contract *c = *state;
    struct user u;

    put_event(c->store, "event");
    contract_open_again(c);
    contract_begin(c);
    assert_int_equal(
        c->store->ops->load_user(c->txn, &(struct user_id){.org = "a", .username = "b"}, &u),
        ERR_OK);
    contract_commit(c);
    contract_begin(c);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("event")), ERR_OK);
    contract_roll_back(c);
    contract_begin(c);
    assert_int_equal(c->store->ops->trim_events(c->txn, 1, 10), ERR_OK);
    contract_commit(c);
    assert_int_equal(proof_of(c).at_ms, 0);
    assert_null(proof_of(c).trouble);
}
