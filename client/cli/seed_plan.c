#include "seed_plan_parts.h"

#include "seed_text.h"

#include <stdlib.h>
#include <string.h>

void plan_mistake(struct plan_reader *r, const struct seed_node *node, const char *field,
                  const char *rule)
{
    seed_mistakes_add(r->mistakes,
                      (struct seed_mistake){.at = node->at, .field = field, .rule = rule});
}

bool plan_is_null(const struct seed_node *node)
{
    return !node || (node->kind == SEED_WORD && seed_word_is_null(node->text));
}

static size_t find_name(const struct plan_names *names, const struct seed_node *name)
{
    size_t i = 0;

    if (name->kind != SEED_WORD && name->kind != SEED_TEXT)
        return names->n;
    while (i < names->n && strcmp(names->names[i], name->text) != 0)
        i++;
    return i;
}

/* A name that nobody knows is not repeated: a slip of indentation makes one of a secret. */
bool plan_open(struct plan_reader *r, const struct seed_node *map, const struct plan_names *names,
               const struct seed_node **ret)
{
    bool given[SEED_POLICY_FIELDS] = {false};

    if (map->kind != SEED_MAP) {
        plan_mistake(r, map, NULL, names->rule);
        return false;
    }
    for (const struct seed_node *name = map->first; name; name = name->next->next) {
        size_t i = find_name(names, name);

        if (i == names->n) {
            plan_mistake(r, name, NULL, names->rule);
            continue;
        }
        if (given[i])
            plan_mistake(r, name, names->names[i], "is given twice");
        given[i] = true;
        if (!plan_is_null(name->next))
            ret[i] = name->next;
    }
    return true;
}

char *plan_text(struct plan_reader *r, const struct seed_node *node, const char *field)
{
    bool word = node->kind == SEED_WORD;

    if (node->kind != SEED_TEXT && !word)
        plan_mistake(r, node, field, "must be a text");
    else if (word && (seed_word_is_null(node->text) || seed_word_is_no_text(node->text)))
        plan_mistake(r, node, field, "must be a text: put it in quotes");
    else if (strlen(node->text) != node->n)
        plan_mistake(r, node, field, "must not hold a NUL");
    else
        return node->text;
    return NULL;
}

static void read_org(struct plan_reader *r, struct seed_org *org, const struct seed_node *node)
{
    static const char *const names[] = {"policy", "users"};
    const struct seed_node *values[ARRAY_LEN(names)] = {NULL};
    const struct plan_names known = {names, ARRAY_LEN(names), "an organization has: policy, users"};

    if (!plan_is_null(node) && !plan_open(r, node, &known, values))
        return;
    plan_policy(r, org, values[0]);
    plan_users(r, org, values[1]);
}

static bool org_is_new(const struct seed_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_orgs; i++)
        if (strcmp(plan->orgs[i].name, name) == 0)
            return false;
    return true;
}

static void read_named_org(struct plan_reader *r, const struct seed_node *name)
{
    struct seed_org *org = &r->plan->orgs[r->plan->n_orgs];

    if ((name->kind != SEED_WORD && name->kind != SEED_TEXT) || !seed_is_org(name->text) ||
        strlen(name->text) != name->n) {
        plan_mistake(r, name, NULL,
                     "an organization's name must be 1 to 64 of A-Z, a-z, 0-9, _ and -");
        return;
    }
    if (!org_is_new(r->plan, name->text)) {
        plan_mistake(r, name, NULL, "this organization is given twice");
        return;
    }
    *org = (struct seed_org){.at = name->at, .name = name->text};
    r->plan->n_orgs++;
    read_org(r, org, name->next);
}

static void read_orgs(struct plan_reader *r, const struct seed_node *node)
{
    if (node->kind != SEED_MAP) {
        plan_mistake(r, node, "organizations", "must be a map of names");
        return;
    }
    if (node->n == 0) {
        plan_mistake(r, node, "organizations", "must name one at least");
        return;
    }
    if (node->n / 2 > SEED_ORGS_MAX) {
        plan_mistake(r, node, "organizations", "must be no more than 1000");
        return;
    }
    r->plan->orgs = calloc(node->n / 2 + 1, sizeof *r->plan->orgs);
    r->out_of_memory |= !r->plan->orgs;
    if (!r->plan->orgs)
        return;
    for (const struct seed_node *name = node->first; name; name = name->next->next)
        read_named_org(r, name);
}

static void read_file(struct plan_reader *r)
{
    static const char *const names[] = {"organizations"};
    const struct seed_node *root = r->plan->tree.root, *values[ARRAY_LEN(names)] = {NULL};
    const struct seed_node start = {.at = {1, 1}};
    const struct plan_names known = {names, ARRAY_LEN(names), "a seed file has: organizations"};

    if (plan_is_null(root))
        plan_mistake(r, &start, NULL, "the file holds nothing");
    else if (plan_open(r, root, &known, values) && values[0])
        read_orgs(r, values[0]);
    else if (r->mistakes->n == 0)
        plan_mistake(r, root, "organizations", "is required");
}

enum seed_read seed_plan_read(const char *text, size_t n, struct seed_plan *ret,
                              struct seed_mistakes *mistakes)
{
    struct plan_reader r = {.plan = ret, .mistakes = mistakes};

    *ret = (struct seed_plan){0};
    mistakes->n = 0;
    if (seed_tree_read(text, n, &ret->tree, mistakes))
        read_file(&r);
    if (r.out_of_memory || ret->tree.out_of_memory)
        return SEED_OUT_OF_MEMORY;
    return mistakes->n > 0 ? SEED_MISTAKEN : SEED_GOOD;
}

static void free_org(struct seed_org *org)
{
    for (size_t i = 0; i < org->n_users; i++)
        for (size_t k = 0; k < org->users[i].n_uris; k++) {
            explicit_bzero(org->users[i].uris[k], strlen(org->users[i].uris[k]));
            free(org->users[i].uris[k]);
        }
    free(org->users);
    free(org->by_name);
}

void seed_plan_free(struct seed_plan *plan)
{
    for (size_t i = 0; i < plan->n_orgs; i++)
        free_org(&plan->orgs[i]);
    free(plan->orgs);
    seed_tree_free(&plan->tree);
    *plan = (struct seed_plan){0};
}
