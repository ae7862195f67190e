#include "trail_args.h"

#include "since.h"

#include <inttypes.h>
#include <time.h>

enum exit_code trail_args_read(const struct cli *cli, struct twofold_trail_options *ret)
{
    const struct args *args = &cli->args;
    struct timespec now;
    int64_t since_ms = 0;

    clock_gettime(CLOCK_REALTIME, &now);
    if (args->since &&
        !since_read(args->since, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, &since_ms))
        return output_usage(
            "--since must be a time (2026-11-22T10:00:00Z), a date (2026-11-22), or "
            "how long ago (90s, 15m, 2h, 7d)");
    *ret = (struct twofold_trail_options){.stream = args->stream,
                                          .js_domain = args->js_domain,
                                          .durable = args->durable,
                                          .type = args->type,
                                          .all_orgs = args->all_orgs,
                                          .since_unix_ms = since_ms};
    return EXIT_YES;
}

void trail_tell_fault(const struct twofold_trail_message *m)
{
    fprintf(stderr, "twofold: message %" PRIu64 " of the stream, on ", m->stream_sequence);
    output_text(stderr, m->subject);
    fprintf(stderr, ", is passed over: %s\n", m->fault);
}
