/*
 * The external ledger: clients that ask for all they are worth while others kill the bus and the
 * service, and a book of what they were promised (chaos.sh; judge.mjs holds the audit trail against
 * it).
 *
 *     ledger play URL BOOK SEED USERS   8 clients with USERS users each, until SIGTERM; then the
 *                                       standing of each user; "playing" when all are connected
 */
#include "asking.h"
#include "player.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/v1/admin.pb-c.h>

enum { PLAYERS = 8, ORGS = 2 };

static const char *const orgs[ORGS] = {"default", "acme"};
static atomic_bool over; /* lock-free: set by a signal's handler, read by threads */

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "ledger: %s: %s\n", what, why);
    return 1;
}

static void stop(int number)
{
    (void)number;
    over = true;
}

static bool connect_player(struct player *p, const char *url)
{
    struct twofold_client_options options = {.url = url, .org = p->org, .name = "ledger"};
    struct twofold_error error;

    if (twofold_client_connect(&options, &p->client, &error) == TWOFOLD_OK)
        return true;
    failed(url, error.message);
    return false;
}

/* The first request that names an organization makes it. */
static bool make_org(struct player *p)
{
    Twofold__V1__PutPolicyRequest request = TWOFOLD__V1__PUT_POLICY_REQUEST__INIT;
    Twofold__V1__Policy policy = TWOFOLD__V1__POLICY__INIT;
    struct twofold_call call = {.service = &twofold__v1__admin__descriptor,
                                .method = "PutPolicy",
                                .request = &request.base};
    struct entry e = {
        .client = p->number, .org = p->org, .username = "", .kind = "admin", .detail = ""};
    static char issuer[] = "ledger";
    ProtobufCMessage *reply;

    policy.issuer = issuer;
    request.policy = &policy;
    reply = asking(p->client, &call, &e, false);
    book_write(p->book, &e);
    twofold_reply_free(reply);
    return reply != NULL;
}

static void *play(void *arg)
{
    struct player *p = arg;

    while (!over)
        player_turn(p);
    return player_stock(p) ? p : NULL;
}

static struct player *new_player(unsigned i, struct book *book, uint64_t seed, unsigned n_users)
{
    struct player *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->book = book;
    p->number = i;
    p->org = orgs[i % ORGS];
    p->sets_policy = i < ORGS;
    p->dice.state = seed * PLAYERS + i;
    p->n_users = n_users;
    for (unsigned j = 0; j < n_users; j++)
        snprintf(p->users[j].name, sizeof p->users[j].name, "user-%u-%03u", i, j);
    return p;
}

static int run(const char *url, const char *path, uint64_t seed, unsigned n_users)
{
    struct book *book = book_open(path);
    struct player *players[PLAYERS];
    pthread_t threads[PLAYERS];
    unsigned long asked = 0;
    bool ok = book != NULL;

    if (!ok)
        return failed(path, "cannot be written");
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i] = new_player(i, book, seed, n_users);
        if (!connect_player(players[i], url) || (i < ORGS && !make_org(players[i])))
            return failed("start", "the service does not answer");
    }
    for (unsigned i = 0; i < PLAYERS; i++)
        if (pthread_create(&threads[i], NULL, play, players[i]) != 0)
            return failed("start", "no threads");
    puts("playing");
    fflush(stdout);
    for (unsigned i = 0; i < PLAYERS; i++) {
        void *done = NULL;

        pthread_join(threads[i], &done);
        ok = ok && done != NULL;
        asked += players[i]->asked;
        twofold_client_close(players[i]->client);
        free(players[i]);
    }
    printf("asked %lu\n", asked);
    return book_close(book) && ok ? 0 : failed("end", "not all is in the book");
}

int main(int argc, char **argv)
{
    unsigned long users = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;

    if (argc != 6 || strcmp(argv[1], "play") != 0 || users == 0 || users > PLAYER_USERS_MAX)
        return failed("usage", "play URL BOOK SEED USERS");
    signal(SIGTERM, stop);
    return run(argv[2], argv[3], strtoull(argv[4], NULL, 10), (unsigned)users);
}
