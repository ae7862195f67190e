/*
 * import --file. A user is one request that is decided whole, so the file needs no bookkeeping: an
 * import that broke off is run again, and whoever is there already is passed over. Lines are sent
 * as answers come back, so the service's pace is the pace, and the file is never held.
 */
#include "cmd_import.h"
#include "import_flight.h"
#include "import_line.h"
#include "import_report.h"
#include "interrupt.h"
#include "lib/monotonic.h"
#include "lines.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { TURN_MS = 100, SILENCE_TOLD_MS = 3000, TIMEOUTS_UNTIL_UP = 12 };

struct import {
    struct cli *cli;
    struct lines *lines;
    struct flight *flight; /* NULL: a dry run */
    struct import_report report;
    enum lines_got last; /* LINES_END, LINES_BROKEN: nothing more is to be read */
    int read_errno;
    uint64_t done; /* when something was last decided, */
    int64_t done_us;
    bool told; /* of the silence since then */
};

static void on_decided(uint64_t line, const struct twofold_error *error, void *ctx)
{
    struct import *import = ctx;

    import_report_decided(&import->report, line, error);
}

static bool is_blank(const struct line *line)
{
    for (size_t i = 0; i < line->n; i++)
        if (!memchr(" \t\r", line->text[i], 3))
            return false;
    return true;
}

static void take_line(struct import *import, const struct line *line)
{
    Twofold__V1__ImportUserRequest *request = NULL;
    const char *why;

    if (is_blank(line))
        return;
    why = import_line_read(line->text, line->n, &request);
    if (why) {
        import_report_refuse(&import->report, line->number, why);
    } else if (import->flight) {
        flight_add(import->flight, request, line->number);
    } else {
        import->report.imported++;
        twofold_reply_free(&request->base);
    }
}

/* As many lines as there are, and as there is room for. */
static void take_lines(struct import *import)
{
    bool idle = !import->flight || flight_size(import->flight) == 0;
    struct line line;

    while (!interrupted() && (!import->flight || flight_has_room(import->flight))) {
        import->last = lines_next(import->lines, idle ? TURN_MS : 0, &line);
        if (import->last == LINES_BROKEN)
            import->read_errno = errno;
        if (import->last == LINES_TOO_LONG)
            import_report_refuse(&import->report, line.number, "is longer than 64 KiB");
        else if (import->last == LINES_ONE)
            take_line(import, &line);
        else
            return;
        idle = false;
        import_report_step(&import->report, lines_taken(import->lines));
    }
}

/* Nothing is decided: says so after a while, and after a long one gives up. */
static bool is_alive(struct import *import)
{
    const struct args *args = &import->cli->args;
    int64_t timeout_ms = (args->timeout_s ? args->timeout_s : 5) * 1000;
    int64_t silence_ms = (monotonic_us() - import->done_us) / 1000;
    const struct twofold_error *trouble;
    bool in_vain = false;

    trouble = flight_trouble(import->flight, &in_vain);
    if (import->done != import_report_done(&import->report) || flight_size(import->flight) == 0) {
        import->done = import_report_done(&import->report);
        import->done_us = monotonic_us();
        import->told = false;
        return !in_vain;
    }
    if (!import->told && silence_ms > SILENCE_TOLD_MS && trouble->status != TWOFOLD_OK) {
        import->told = true;
        progress_end(&import->report.progress);
        fputs("twofold: trying again: ", stderr);
        output_text(stderr, trouble->message);
        fputc('\n', stderr);
    }
    return !in_vain && silence_ms < TIMEOUTS_UNTIL_UP * timeout_ms;
}

static bool has_more(const struct import *import)
{
    bool reads = import->last != LINES_END && import->last != LINES_BROKEN;

    return reads || (import->flight && flight_size(import->flight) > 0);
}

/* False: it was given up, flight_trouble() says why. */
static bool fly(struct import *import)
{
    bool alive = true;

    while (alive && has_more(import) && !interrupted()) {
        if (import->last != LINES_END && import->last != LINES_BROKEN)
            take_lines(import);
        if (!import->flight)
            continue;
        if (flight_size(import->flight) > 0)
            flight_turn(import->flight, TURN_MS);
        import_report_step(&import->report, lines_taken(import->lines));
        alive = is_alive(import);
    }
    if (!import->flight)
        return true;
    flight_land(import->flight);
    while (!flight_is_quiet(import->flight)) /* every call has an end */
        flight_turn(import->flight, TURN_MS);
    return alive;
}

static enum exit_code tell_broken_off(const struct import *import, const char *why)
{
    unsigned n = import->flight ? flight_size(import->flight) : 0;

    fprintf(stderr, "twofold: %s", why);
    if (n > 0)
        fprintf(stderr, "; %u lines that were sent are not decided", n);
    fputs("\n  to go on, run the same command again: who is there already is passed over\n",
          stderr);
    return EXIT_DENIED;
}

static enum exit_code tell_end(struct import *import, bool alive, enum exit_code code)
{
    bool in_vain = false;

    if (import->last == LINES_BROKEN)
        return output_usage("%s cannot be read: %s", import->cli->args.file,
                            strerror(import->read_errno));
    if (has_more(import) && alive)
        return tell_broken_off(import, "interrupted");
    if (alive)
        return code;
    import->cli->error = *flight_trouble(import->flight, &in_vain);
    code = output_error(import->cli);
    if (!in_vain || import_report_done(&import->report) > 0)
        tell_broken_off(import, "given up");
    return code;
}

static enum exit_code run(struct import *import)
{
    enum exit_code code =
        import_report_begin(&import->report, import->cli, lines_size(import->lines));
    bool alive;

    if (code == EXIT_YES && !import->cli->args.dry_run)
        code = session_open(import->cli);
    if (code != EXIT_YES)
        return code;
    if (!import->cli->args.dry_run) {
        import->flight = flight_open(import->cli->client,
                                     (struct flight_sink){.decided = on_decided, .ctx = import});
        if (!import->flight)
            return output_usage("memory is short");
    }
    interrupt_catch();
    import->done_us = monotonic_us();
    alive = fly(import);
    return tell_end(import, alive, import_report_end(&import->report));
}

enum exit_code import_file(struct cli *cli)
{
    struct import import = {.cli = cli, .last = LINES_LATER};
    enum exit_code code;

    import.lines = lines_open(cli->args.file);
    if (!import.lines)
        return output_usage("%s cannot be opened: %s", cli->args.file, strerror(errno));
    code = run(&import);
    flight_close(import.flight);
    lines_close(import.lines);
    return code;
}
