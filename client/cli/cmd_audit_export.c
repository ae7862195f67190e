/*
 * Every event becomes a line; then the lines are made safe; then the reader's place moves. Killed
 * in between, the next run is given again what it has written already: the last line of the file
 * says what that is, and nothing is acknowledged before the stream has shown that it is the same
 * one.
 */
#include "cli.h"
#include "cloudevent_json.h"
#include "export_file.h"
#include "interrupt.h"
#include "progress.h"
#include "trail_args.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { LOOK_MS = 200, SAVE_EVERY = 256 };

struct export
{
    struct cli *cli;
    struct twofold_trail *trail;
    struct export_file file;
    struct progress progress;
    uint64_t written, known, faults; /* events; those that the file had; messages that are none */
    uint64_t unsaved;                /* messages */
    bool joined;                     /* what the file ends with has been found in the stream */
};

static enum exit_code cannot_write(struct export *x)
{
    int why = errno;

    progress_end(&x->progress);
    return output_usage("cannot write %s: %s", x->file.name, strerror(why));
}

static enum exit_code another_stream(struct export *x)
{
    progress_end(&x->progress);
    return output_usage("%s ends with message %" PRIu64
                        ", which is another one in this stream: give another --out",
                        x->file.name, x->file.last_sequence);
}

/* Is M in the file already? *RET_CODE is set when it contradicts it. */
static bool is_known(struct export *x, const struct twofold_trail_message *m,
                     enum exit_code *ret_code)
{
    bool same = m->event && strcmp(m->event->id, x->file.last_id) == 0;

    if (m->stream_sequence > x->file.last_sequence)
        x->joined = true; /* or it is no longer there to be looked at */
    else if (m->stream_sequence == x->file.last_sequence && same)
        x->joined = true;
    else if (m->stream_sequence == x->file.last_sequence)
        *ret_code = another_stream(x);
    return m->stream_sequence <= x->file.last_sequence;
}

/* What the server does not hear of now is acknowledged with what comes next; at the end it matters,
 * as only a file knows what it holds. */
static enum exit_code save(struct export *x, bool at_end)
{
    if (x->unsaved == 0 || !x->joined)
        return EXIT_YES;
    if (!export_file_save(&x->file))
        return cannot_write(x);
    if (twofold_trail_ack(x->trail, &x->cli->error) != TWOFOLD_OK)
        return at_end ? output_error(x->cli) : EXIT_YES;
    x->unsaved = 0;
    return EXIT_YES;
}

static enum exit_code take(struct export *x, const struct twofold_trail_message *m)
{
    enum exit_code code = EXIT_YES;

    x->unsaved++;
    if (is_known(x, m, &code)) {
        x->known++;
    } else if (!m->event) {
        x->faults++;
        progress_end(&x->progress);
        trail_tell_fault(m);
    } else {
        cloudevent_print(x->file.out, &(struct cloudevent){.event = m->event,
                                                           .bytes = m->data,
                                                           .n = m->n,
                                                           .stream_sequence = m->stream_sequence});
        x->written++;
        if (ferror(x->file.out))
            return cannot_write(x);
    }
    if (!x->cli->args.follow)
        progress_step(&x->progress, x->written + x->known + x->faults);
    return code == EXIT_YES && x->unsaved >= SAVE_EVERY ? save(x, false) : code;
}

/* The stream is read to its end. */
static enum exit_code judge_end(struct export *x)
{
    if (x->joined || (x->known == 0 && x->cli->args.durable))
        return EXIT_YES;
    if (x->known > 0)
        return another_stream(x);
    fprintf(stderr,
            "twofold: message %" PRIu64 ", with which %s ends, is not among what is asked for\n",
            x->file.last_sequence, x->file.name);
    return EXIT_YES;
}

static enum exit_code read_all(struct export *x)
{
    struct twofold_trail_message m;
    bool follow = x->cli->args.follow;
    enum exit_code code = EXIT_YES;

    while (code == EXIT_YES && !interrupted()) {
        enum twofold_status status =
            twofold_trail_next(x->trail, follow ? LOOK_MS : 0, &m, &x->cli->error);

        if (status == TWOFOLD_OK)
            code = take(x, &m);
        else if (status == TWOFOLD_TIMEOUT && !follow)
            return judge_end(x);
        else if (status == TWOFOLD_TIMEOUT || (status == TWOFOLD_DISCONNECTED && follow))
            code = save(x, false);
        else
            return output_error(x->cli);
    }
    return code;
}

static enum exit_code open_all(struct export *x)
{
    const struct args *args = &x->cli->args;
    struct twofold_trail_options options;
    enum exit_code code = trail_args_read(x->cli, &options);
    const char *wrong;

    if (code != EXIT_YES)
        return code;
    wrong = export_file_open(args->out, &x->file);
    if (wrong)
        return output_usage("%s cannot be used: %s%s%s", x->file.name, wrong, errno ? ": " : "",
                            errno ? strerror(errno) : "");
    if (x->file.torn > 0)
        fprintf(stderr, "twofold: an unfinished line of %" PRIu64 " bytes was cut off from %s\n",
                x->file.torn, x->file.name);
    /* A durable reader that is made now begins at the beginning: the file may be of another stream,
     * and the next one shall miss nothing. */
    options.from_sequence = args->durable ? 0 : x->file.last_sequence;
    x->joined = x->file.last_sequence == 0;
    if (twofold_trail_open(x->cli->client, &options, &x->trail, &x->cli->error) != TWOFOLD_OK)
        return output_error(x->cli);
    if (args->durable && twofold_trail_is_new(x->trail))
        fprintf(stderr, "twofold: made the reader %s\n", args->durable);
    return EXIT_YES;
}

static void tell(const struct export *x)
{
    if (x->written == 0)
        fprintf(stderr, "twofold: nothing new for %s", x->file.name);
    else
        fprintf(stderr, "twofold: %" PRIu64 " event%s exported to %s", x->written,
                x->written == 1 ? "" : "s", x->file.name);
    if (x->written > 0 && x->known > 0)
        fprintf(stderr, ", %" PRIu64 " %s there already", x->known, x->known == 1 ? "was" : "were");
    if (x->faults > 0)
        fprintf(stderr, ", %" PRIu64 " message%s no event%s", x->faults,
                x->faults == 1 ? " was" : "s were", x->faults == 1 ? "" : "s");
    fputc('\n', stderr);
}

enum exit_code cmd_audit_export(struct cli *cli)
{
    struct export x = {.cli = cli};
    enum exit_code code, saved = EXIT_YES;

    interrupt_catch();
    code = open_all(&x);
    if (code == EXIT_YES) {
        progress_begin(&x.progress, "events", twofold_trail_size(x.trail));
        code = read_all(&x);
        progress_end(&x.progress);
        if (code != EXIT_WRONG_USAGE)
            saved = save(&x, true);
        tell(&x);
    }
    twofold_trail_close(x.trail);
    export_file_close(&x.file);
    return code == EXIT_YES ? saved : code;
}
