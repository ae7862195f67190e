#include "seed_report.h"

#include "json_value.h"

#include <inttypes.h>

static void print_count(uint64_t n, const char *one, const char *many)
{
    printf(", %" PRIu64 " %s", n, n == 1 ? one : many);
}

/* "set": or the organization was made; "unchanged": it is as the file has it; "untouched": the file
 * has none. */
static const char *policy_word(const struct seed_org *org, const struct seed_sums *sums)
{
    if (sums->policy_set)
        return "set";
    return org->n_mask > 0 ? "there already" : "untouched";
}

static void print_text(const struct seed_org *org, const struct seed_sums *sums)
{
    printf("%s: policy %s", org->name, policy_word(org, sums));
    print_count(sums->created - sums->replaced, "user created", "users created");
    if (sums->replaced > 0)
        print_count(sums->replaced, "replaced", "replaced");
    if (sums->there > 0)
        print_count(sums->there, "there already", "there already");
    print_count(sums->authenticators, "authenticator", "authenticators");
    if (sums->refused > 0)
        print_count(sums->refused, "refused", "refused");
    putchar('\n');
}

void seed_report(const struct seed_run *run, const struct seed_org *org,
                 const struct seed_sums *sums)
{
    json_t *json;

    if (!run->cli->args.json) {
        print_text(org, sums);
        return;
    }
    json_wipe_what_is_freed();
    json = json_object();
    json_object_set_new(json, "organization", json_string(org->name));
    json_object_set_new(json, "policy", json_string(policy_word(org, sums)));
    json_object_set_new(json, "created", json_of_unsigned(sums->created - sums->replaced));
    json_object_set_new(json, "replaced", json_of_unsigned(sums->replaced));
    json_object_set_new(json, "there_already", json_of_unsigned(sums->there));
    json_object_set_new(json, "authenticators", json_of_unsigned(sums->authenticators));
    json_object_set_new(json, "refused", json_of_unsigned(sums->refused));
    json_print_line(stdout, json);
}

void seed_report_dry(const struct seed_run *run, const struct seed_org *org)
{
    uint64_t authenticators = 0;
    json_t *json;

    for (size_t i = 0; i < org->n_users; i++)
        authenticators += org->users[i].n_uris;
    if (!run->cli->args.json) {
        printf("%s: policy of %zu %s", org->name, org->n_mask,
               org->n_mask == 1 ? "field" : "fields");
        print_count(org->n_users, "user", "users");
        print_count(authenticators, "authenticator", "authenticators");
        puts("; nothing was sent");
        return;
    }
    json_wipe_what_is_freed();
    json = json_object();
    json_object_set_new(json, "organization", json_string(org->name));
    json_object_set_new(json, "policy_fields", json_of_unsigned(org->n_mask));
    json_object_set_new(json, "users", json_of_unsigned(org->n_users));
    json_object_set_new(json, "authenticators", json_of_unsigned(authenticators));
    json_print_line(stdout, json);
}

void seed_report_others(const struct seed_org *org)
{
    const struct seed_user *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < org->n_users; i++) {
        const struct seed_user *user = &org->users[i];

        if (!user->there || user->active == (user->n_uris > 0))
            continue;
        n++;
        first = first ? first : user;
    }
    if (n == 0)
        return;
    fprintf(stderr,
            "twofold: organization %s: %zu of the users who are there %s a second factor where the "
            "file has none, or none where it has one (the first: line %" PRIu32
            "); --replace makes them anew\n",
            org->name, n, n == 1 ? "has" : "have", first->at.line);
}
