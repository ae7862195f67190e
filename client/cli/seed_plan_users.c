#include "seed_plan_parts.h"

#include "seed_text.h"

#include <stdlib.h>
#include <string.h>

/* Of a request as it is packed: 8 KiB less what stands around names, hash and URIs. */
enum { REQUEST_TEXT_MAX = 8192 - 256 };

enum { PART_SECRET, PART_URI, PART_ALGORITHM, PART_DIGITS, PART_PERIOD, PART_LABEL, PARTS };

static const char *const part_names[PARTS] = {
    [PART_SECRET] = "secret", [PART_URI] = "otpauth_uri", [PART_ALGORITHM] = "algorithm",
    [PART_DIGITS] = "digits", [PART_PERIOD] = "period",   [PART_LABEL] = "label"};

static char *copy_uri(struct plan_reader *r, const struct seed_node *const parts[static PARTS])
{
    const char *text = plan_text(r, parts[PART_URI], part_names[PART_URI]), *fault;
    char *uri;

    for (int i = 0; i < PARTS; i++)
        if (i != PART_URI && parts[i])
            plan_mistake(r, parts[i], part_names[i], "is in otpauth_uri already: leave it out");
    if (!text)
        return NULL;
    fault = seed_uri_fault(text);
    if (fault) {
        plan_mistake(r, parts[PART_URI], part_names[PART_URI], fault);
        return NULL;
    }
    uri = strdup(text);
    r->out_of_memory |= !uri;
    return uri;
}

static char *make_uri(struct plan_reader *r, const struct seed_org *org,
                      const struct seed_node *const parts[static PARTS])
{
    const char *secret = plan_text(r, parts[PART_SECRET], part_names[PART_SECRET]);
    Twofold__V1__Policy numbers = org->policy;
    char plain[SEED_SECRET_CHARS_MAX + 1] = "", *uri = NULL;
    struct seed_factor factor = {.secret = plain, .label = "", .numbers = &numbers};
    bool good = secret && seed_secret(secret, plain);

    if (secret && !good)
        plan_mistake(r, parts[PART_SECRET], part_names[PART_SECRET],
                     "must be 16 to 64 bytes in base32");
    for (int i = PART_ALGORITHM; i <= PART_PERIOD; i++)
        if (parts[i])
            good &= plan_set(r, &numbers, part_names[i], parts[i]);
    if (parts[PART_LABEL])
        factor.label = plan_text(r, parts[PART_LABEL], part_names[PART_LABEL]);
    if (factor.label && factor.label[0] != '\0' && !seed_is_name(factor.label)) {
        plan_mistake(r, parts[PART_LABEL], part_names[PART_LABEL],
                     "must be at most 64 bytes without a colon or control characters");
        good = false;
    }
    if (good && factor.label) {
        uri = seed_uri(&factor);
        r->out_of_memory |= !uri;
    }
    explicit_bzero(plain, sizeof plain);
    return uri;
}

static char *read_factor(struct plan_reader *r, const struct seed_org *org,
                         const struct seed_node *node)
{
    const struct seed_node *parts[PARTS] = {NULL};
    const struct plan_names known = {part_names, PARTS,
                                     "an authenticator has: secret and, if need be, algorithm, "
                                     "digits, period, label; or otpauth_uri"};

    if (!plan_open(r, node, &known, parts))
        return NULL;
    if (parts[PART_URI])
        return copy_uri(r, parts);
    if (parts[PART_SECRET])
        return make_uri(r, org, parts);
    plan_mistake(r, node, NULL, "an authenticator needs a secret or an otpauth_uri");
    return NULL;
}

static void read_factors(struct plan_reader *r, const struct seed_org *org, struct seed_user *user,
                         const struct seed_node *node)
{
    size_t bytes = strlen(user->username ? user->username : "");

    if (node->kind != SEED_LIST) {
        plan_mistake(r, node, "authenticators", "must be a list");
        return;
    }
    if (node->n > (size_t)org->policy.max_authenticators || node->n > SEED_URIS_MAX) {
        plan_mistake(
            r, node, "authenticators",
            "must be no more than the policy's max_authenticators (1, if it says nothing)");
        return;
    }
    for (const struct seed_node *item = node->first; item; item = item->next) {
        char *uri = read_factor(r, org, item);

        if (!uri)
            continue;
        user->uris[user->n_uris++] = uri;
        bytes += strlen(uri) + 8;
    }
    if (bytes > REQUEST_TEXT_MAX)
        plan_mistake(r, node, "authenticators", "are larger than a request may be, 8 KiB");
}

static void read_name(struct plan_reader *r, struct seed_user *user, const struct seed_node *node)
{
    user->username = plan_text(r, node, "username");
    if (user->username &&
        (user->username[0] == '\0' || strlen(user->username) > SEED_USERNAME_MAX ||
         !seed_is_printable(user->username)))
        plan_mistake(r, node, "username", "must be 1 to 254 bytes without control characters");
}

static void read_password(struct plan_reader *r, struct seed_user *user,
                          const struct seed_node *node)
{
    size_t n;

    user->password = plan_text(r, node, "password");
    n = user->password ? strlen(user->password) : SEED_PASSWORD_MIN;
    if (n < SEED_PASSWORD_MIN || n > SEED_PASSWORD_MAX)
        plan_mistake(r, node, "password", "must be 8 to 256 bytes");
}

static void read_user(struct plan_reader *r, struct seed_org *org, const struct seed_node *node)
{
    static const char *const names[] = {"username", "password", "authenticators"};
    const struct seed_node *values[ARRAY_LEN(names)] = {NULL};
    const struct plan_names known = {names, ARRAY_LEN(names),
                                     "a user has: username, password, authenticators"};
    struct seed_user *user = &org->users[org->n_users];

    if (!plan_open(r, node, &known, values))
        return;
    user->at = node->at;
    if (values[0])
        read_name(r, user, values[0]);
    else
        plan_mistake(r, node, "username", "is required");
    if (values[1])
        read_password(r, user, values[1]);
    if (values[2])
        read_factors(r, org, user, values[2]);
    org->n_users++;
}

static const char *name_of(const struct seed_user *user)
{
    return user->username ? user->username : "";
}

static int by_name(const void *a, const void *b)
{
    const struct seed_user *x = *(struct seed_user *const *)a, *y = *(struct seed_user *const *)b;
    int order = strcmp(name_of(x), name_of(y));

    return order != 0 ? order : x < y ? -1 : x > y;
}

/* Among those of one name the first is in the right. */
static void find_doubles(struct plan_reader *r, struct seed_org *org)
{
    const struct seed_user *first = NULL;

    for (size_t i = 0; i < org->n_users; i++)
        org->by_name[i] = &org->users[i];
    qsort(org->by_name, org->n_users, sizeof(struct seed_user *), by_name);
    for (size_t i = 0; i < org->n_users; i++) {
        const struct seed_user *user = org->by_name[i];

        if (first && user->username && strcmp(name_of(first), user->username) == 0)
            seed_mistakes_add(r->mistakes, (struct seed_mistake){.at = user->at,
                                                                 .field = "username",
                                                                 .rule = "is given twice",
                                                                 .see = first->at.line});
        else
            first = user;
    }
}

void plan_users(struct plan_reader *r, struct seed_org *org, const struct seed_node *node)
{
    if (!node)
        return;
    if (node->kind != SEED_LIST) {
        plan_mistake(r, node, "users", "must be a list");
        return;
    }
    if (node->n > SEED_USERS_MAX) {
        plan_mistake(r, node, "users", "must be no more than 100000");
        return;
    }
    org->users = calloc(node->n + 1, sizeof *org->users);
    org->by_name = calloc(node->n + 1, sizeof(struct seed_user *));
    r->out_of_memory |= !org->users || !org->by_name;
    if (!org->users || !org->by_name)
        return;
    for (const struct seed_node *item = node->first; item; item = item->next)
        read_user(r, org, item);
    find_doubles(r, org);
}

struct seed_user *seed_plan_user(const struct seed_org *org, const char *username)
{
    size_t from = 0, to = org->n_users;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(username, org->by_name[middle]->username);

        if (order == 0)
            return org->by_name[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}
