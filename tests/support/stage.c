#include "support/stage.h"

#include "support/peek.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

const struct stage_act stage_acts[] = {
    {"login.confirm_password", true, true, false, false},
    {"login.login", true, true, false, true},
    {"login.login", true, false, true, true},
    {"enrollment.begin", false, false, true, true},
    {"enrollment.disable", false, false, true, true},
    {"enrollment.regenerate_recovery_codes", false, false, true, true},
    {"verification.verify", true, false, false, true},
    {"admin.put_user", true, true, false, false},
    {"admin.delete_user", true, false, false, false},
    {"admin.reset_second_factor", true, false, false, false},
    {"admin.unlock", true, false, false, false},
    {"admin.issue_step_token", true, false, false, false},
    {"admin.put_policy", false, false, false, false},
};
const size_t n_stage_acts = ARRAY_LEN(stage_acts);

void stage_set(struct stage *g)
{
    memset(g, 0, sizeof *g);
    service_start(&g->s);
    service_enroll(&g->s, "ada", &g->e);
    g->token = service_issue(&g->s, "ada");
    app_code(&g->e.app, &g->s, 0, g->code);
}

void stage_strike(struct stage *g)
{
    free(g->token);
    service_stop(&g->s);
}

struct got stage_act(struct stage *g, const struct stage_act *a, const char *request_id)
{
    struct field fields[] = {{"username", a->name ? "ada" : NULL},
                             {"password", a->password ? PASSWORD : NULL},
                             {"step_token", a->token ? g->token : NULL},
                             {"code", a->code ? g->code : NULL},
                             {NULL, NULL}};
    struct field given[ARRAY_LEN(fields)] = {{NULL, NULL}};
    size_t n = 0;

    for (size_t i = 0; i + 1 < ARRAY_LEN(fields); i++)
        if (fields[i].value)
            given[n++] = fields[i];
    return service_sent(&g->s, &(struct sent){a->method, given, request_id, NULL});
}

bool stage_act_broken(struct stage *g, const struct stage_act *a, unsigned first, unsigned n,
                      struct got *ret)
{
    store_break(&g->s, first, n, ERR_UNAVAILABLE);
    *ret = stage_act(g, a, "same");
    return store_mend(&g->s) >= first;
}

void stage_happened_once(struct stage *g, const struct stage_act *a, size_t events_before)
{
    struct got got = stage_act(g, a, "same");
    size_t n = peek_events(&g->s) - events_before;

    if (got.err != ERR_OK || n < 1 || n > 2)
        fail_msg("%s: then %s, %zu events", a->method, err_name(got.err), n);
    got_free(&got, 1);
}
