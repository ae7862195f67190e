#include "cli.h"

#include "json.h"

#include <inttypes.h>

static void print_instance(const struct twofold_pong *pong)
{
    struct instance instance;

    if (!json_read_pong(pong, &instance)) {
        fputs("twofold: an instance answered something else than JSON\n", stderr);
        return;
    }
    output_text(stdout, instance.id);
    fputs("  ", stdout);
    output_text(stdout, instance.version);
    printf("  %" PRId64 ".%03" PRId64 " ms\n", pong->round_trip_us / 1000,
           pong->round_trip_us % 1000);
}

static void on_pong(const struct twofold_pong *pong, void *ctx)
{
    const struct cli *cli = ctx;

    if (!cli->args.json)
        print_instance(pong);
    else if (!json_print_pong(stdout, pong))
        fputs("twofold: an instance answered something else than JSON\n", stderr);
}

enum exit_code cmd_ping(struct cli *cli)
{
    struct twofold_pong_callback each = {.call = on_pong, .ctx = cli};

    if (twofold_client_ping(cli->client, 0, each, &cli->error) != TWOFOLD_OK)
        return output_error(cli);
    return EXIT_YES;
}
