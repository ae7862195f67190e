#include "unit/client/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_as_scripted(const struct step *step, const struct peer_request *request)
{
    uint8_t wanted[4096];

    return strcmp(step->method, request->method) == 0 && request->request_id &&
           protobuf_c_message_get_packed_size(step->request) == request->n &&
           protobuf_c_message_pack(step->request, wanted) == request->n &&
           memcmp(wanted, request->data, request->n) == 0;
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    struct bench *bench = ctx;
    const struct step *step = &bench->steps[bench->at];

    if (!step->method || !is_as_scripted(step, request)) {
        bench->strayed = true;
        answer->code = "500";
        return;
    }
    answer->reply = step->reply;
    answer->code = step->code;
    bench->at++;
}

int script_set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "twofold.v1.default.>", answer, bench);
    *state = bench;
    return 0;
}

int script_tear_down(void **state)
{
    struct bench *bench = *state;

    peer_stop(bench->peer);
    nats_server_stop(&bench->server);
    free(bench);
    return 0;
}

typedef void run_fn(const char *url, const char *args, const char *input, struct cli_run *ret);

static void follow(struct bench *bench, run_fn *run, const char *args, const char *input)
{
    bench->at = 0;
    run(bench->server.url, args, input, &bench->run);
    assert_false(bench->strayed);
    assert_null(bench->steps[bench->at].method); /* all were asked */
}

void script_run(struct bench *bench, const struct step *steps, const char *args, const char *input)
{
    bench->steps = steps;
    follow(bench, run_cli, args, input);
}

void script_run_on_terminal(struct bench *bench, const struct step *steps, const char *args,
                            const char *input)
{
    bench->steps = steps;
    follow(bench, run_cli_on_terminal, args, input);
}
