#include "cmd_audit_verify.h"

#include "json.h"
#include "json_value.h"
#include "trail_args.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long the reading goes on behind the end of the stream for what must still come, or waits for
 * a bus that is away. */
enum { PATIENCE_MS = 15000, LOOK_MS = 250, ACK_EVERY = 256 };

struct reading {
    struct verify *v;
    const struct twofold_trail_options *options;
    bool may_begin_late;
    struct twofold_trail *trail;
    uint64_t size, read, newest; /* newest: number in the stream */
    uint64_t left;               /* behind the newest, as the stream said */
    size_t asked;                /* organizations */
    int64_t heard_ms;            /* when the last message came */
    bool has_looked;             /* before the beginning */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum exit_code out_of_memory(void)
{
    fputs("twofold: memory is short\n", stderr);
    return EXIT_UNREACHABLE;
}

/* The trail's own errors are no findings. */
static enum exit_code fail(const struct cli *cli)
{
    enum exit_code code = output_error(cli);

    return code == EXIT_WRONG_USAGE ? code : EXIT_UNREACHABLE;
}

/* ---- the end, as the service knows it ---- */

static bool take_answer(struct verify *v, const char *org, const struct answer *answer)
{
    const char *fault = NULL;
    bool ok = anchor_of_service(v, org, answer, &fault);

    if (fault)
        audit_check_disbelieve(v->check, org, fault);
    else if (answer->reply->unsent > v->unsent)
        v->unsent = answer->reply->unsent;
    twofold_reply_free(&answer->reply->base);
    return ok;
}

/* CLI is connected for ORG. False: memory is short. */
static bool ask_end(struct verify *v, struct cli *cli, const char *org)
{
    struct answer answer;

    if (anchor_ask(cli, &answer) == TWOFOLD_OK)
        return take_answer(v, org, &answer);
    report_note(v,
                "%s: the service does not say where the trail ends (%s); a login that may do "
                "admin.checkpoint_audit is told",
                org, cli->error.message);
    output_hints(cli);
    return true;
}

/* A connection belongs to one organization. */
static bool ask_other_end(struct verify *v, const char *org)
{
    struct cli other = *v->cli;
    bool ok = true;
    char name[TWOFOLD_ORG_MAX + 1];

    snprintf(name, sizeof name, "%s", org); /* the check may move its own */
    other.args.org = name;
    other.client = NULL;
    if (session_open(&other) == EXIT_YES)
        ok = ask_end(v, &other, name);
    twofold_client_close(other.client);
    return ok;
}

static const char *own_org(const struct cli *cli)
{
    return cli->args.org ? cli->args.org : "default";
}

bool verify_reads(const struct verify *v, const char *org)
{
    const struct args *args = &v->cli->args;

    return args->n_operands > 0 || args->all_orgs || strcmp(org, own_org(v->cli)) == 0;
}

/* Those that have appeared since the last time. */
static bool ask_new_ends(struct reading *r)
{
    const char *org;
    bool has_end;

    while ((org = audit_check_org(r->v->check, r->asked, &has_end)) != NULL) {
        r->asked++;
        if (strcmp(org, own_org(r->v->cli)) != 0 && !ask_other_end(r->v, org))
            return false;
    }
    return true;
}

/* ---- the stream ---- */

static bool take_message(struct reading *r, const struct twofold_trail_message *m)
{
    struct audit_message message = {.data = m->data, .n = m->n, .at = m->stream_sequence};

    r->left = m->left;
    r->heard_ms = now_ms();
    if (m->stream_sequence <= r->newest)
        return true; /* delivered again, as nobody has acknowledged it in time */
    r->newest = m->stream_sequence;
    progress_step(&r->v->progress, ++r->read);
    if (!m->event) {
        audit_check_foreign(r->v->check, m->stream_sequence, m->fault);
        return true;
    }
    return audit_check_add(r->v->check, &message) && (!r->v->cli->args.all_orgs || ask_new_ends(r));
}

static bool all_read(const struct reading *r)
{
    return audit_check_ends_seen(r->v->check) && (r->left == 0 || r->read >= r->size);
}

/* An organization that has been silent since the beginning ends before it: with a checkpoint. */
static bool look_before(struct reading *r)
{
    struct twofold_trail_options options = *r->options;
    struct twofold_trail *trail = NULL;
    struct twofold_trail_message m;
    struct twofold_error error;
    bool ok = true;

    options.durable = NULL;
    options.since_unix_ms = 0;
    options.type = "audit.checkpoint";
    r->has_looked = true;
    if (twofold_trail_open(r->v->cli->client, &options, &trail, &error) != TWOFOLD_OK)
        return true;
    while (ok && !audit_check_ends_seen(r->v->check) &&
           twofold_trail_next(trail, LOOK_MS, &m, &error) == TWOFOLD_OK)
        ok = audit_check_look(r->v->check, &(struct audit_message){.data = m.data, .n = m.n});
    twofold_trail_close(trail);
    return ok;
}

/* Nothing has come. EXIT_YES: go on. */
static enum exit_code judge_silence(struct reading *r, enum twofold_status status)
{
    bool too_long = now_ms() - r->heard_ms > PATIENCE_MS;

    if (status != TWOFOLD_TIMEOUT && status != TWOFOLD_DISCONNECTED)
        return fail(r->v->cli);
    if (r->may_begin_late && !r->has_looked && r->left == 0 && status == TWOFOLD_TIMEOUT)
        return look_before(r) ? EXIT_YES : out_of_memory();
    if (!too_long)
        return EXIT_YES;
    if (status == TWOFOLD_DISCONNECTED)
        return fail(r->v->cli);
    if (r->left == 0 && r->v->unsent > 0)
        report_note(r->v,
                    "the end of the trail has not come; the service had %" PRIu64
                    " event%s not yet on the bus when it was asked",
                    r->v->unsent, r->v->unsent == 1 ? "" : "s");
    if (r->left == 0)
        return EXIT_DENIED;
    report_note(r->v, "the stream has fallen silent with %" PRIu64 " message%s to come", r->left,
                r->left == 1 ? "" : "s");
    return EXIT_UNREACHABLE;
}

/* The reader's place moves, or a server gives it nothing more. */
static bool acknowledge(struct reading *r, bool last)
{
    if (!r->v->cli->args.durable || (!last && r->read % ACK_EVERY != 0))
        return true;
    return twofold_trail_ack(r->trail, &r->v->cli->error) == TWOFOLD_OK;
}

/* EXIT_DENIED: the stream has been read, and not all that must be there has come. */
static enum exit_code read_all(struct reading *r)
{
    struct twofold_trail_message m;
    enum exit_code code = EXIT_YES;

    while (code == EXIT_YES && !all_read(r)) {
        /* What it holds is asked for at once: LEFT is the server's count, and may be wrong
         * (2.9.10). */
        bool at_once = r->left > 0;
        enum twofold_status status =
            twofold_trail_next(r->trail, at_once ? 0 : LOOK_MS, &m, &r->v->cli->error);

        if (at_once && status == TWOFOLD_TIMEOUT)
            r->left = 0;
        else if (status != TWOFOLD_OK)
            code = judge_silence(r, status);
        else if (!take_message(r, &m))
            code = out_of_memory();
        else if (!acknowledge(r, false))
            code = fail(r->v->cli);
    }
    progress_end(&r->v->progress);
    if (code <= EXIT_DENIED && !acknowledge(r, true))
        code = fail(r->v->cli);
    return code;
}

static enum exit_code read_stream(struct verify *v, const struct twofold_trail_options *options)
{
    struct reading r = {.v = v, .options = options, .heard_ms = now_ms()};
    enum exit_code code;

    if (!ask_end(v, v->cli, own_org(v->cli)))
        return out_of_memory();
    if (twofold_trail_open(v->cli->client, options, &r.trail, &v->cli->error) != TWOFOLD_OK)
        return fail(v->cli);
    r.size = r.left = twofold_trail_size(r.trail);
    r.may_begin_late = options->durable || options->since_unix_ms > 0;
    progress_begin(&v->progress, "events", r.size);
    code = read_all(&r);
    twofold_trail_close(r.trail);
    return code == EXIT_DENIED ? EXIT_YES : code;
}

static enum exit_code verify_stream(struct verify *v, const struct twofold_trail_options *options)
{
    enum exit_code code = session_open(v->cli);

    return code == EXIT_YES ? read_stream(v, options) : code;
}

/* ---- the commands ---- */

static enum exit_code run(struct verify *v)
{
    const struct args *args = &v->cli->args;
    struct twofold_trail_options options;
    enum exit_code code = trail_args_read(v->cli, &options);

    if (code == EXIT_YES && args->anchor)
        code = anchor_read(v, args->anchor);
    if (code == EXIT_YES)
        code =
            args->n_operands > 0 ? verify_file(v, args->operands[0]) : verify_stream(v, &options);
    if (code != EXIT_YES)
        return code;
    if (!audit_check_judge(v->check))
        return out_of_memory();
    return report_end(v);
}

enum exit_code cmd_audit_verify(struct cli *cli)
{
    const struct args *args = &cli->args;
    struct verify v = {.cli = cli, .place = args->n_operands > 0 ? "line" : "message"};
    struct audit_teller teller = {.tell = report_finding, .ctx = &v};
    auto_audit_check *check = audit_check_new(args->since || args->durable, teller);

    if (!check)
        return out_of_memory();
    json_wipe_what_is_freed();
    if (args->n_operands > 0 && (args->durable || args->stream || args->all_orgs))
        return output_usage("a FILE is read without the bus: leave --durable, --stream and "
                            "--all-orgs out");
    v.check = check;
    return run(&v);
}

/* The reply is the line but for the organization, which is made of harmless characters. */
static void print_anchor(const char *org, const ProtobufCMessage *reply)
{
    char *text = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&text, &n);

    if (!memory)
        return;
    json_print_message(memory, reply);
    fclose(memory);
    if (n > 1)
        printf("{\"org\":\"%s\",%s", org, text + 1);
    free(text);
}

static void pass_over(const struct audit_finding *finding, void *ctx)
{
    (void)finding;
    (void)ctx;
}

/* By its own keys at least the answer must hold: else it is no anchor. */
static enum exit_code judge_answer(struct cli *cli, const struct answer *answer)
{
    auto_audit_check *check = audit_check_new(false, (struct audit_teller){.tell = pass_over});
    struct verify v = {.cli = cli, .check = check};
    const char *fault = NULL;

    if (!check || !anchor_of_service(&v, own_org(cli), answer, &fault))
        return out_of_memory();
    if (!fault)
        return EXIT_YES;
    fprintf(stderr, "twofold: what the service answers is not believed: %s\n", fault);
    return EXIT_UNREACHABLE;
}

enum exit_code cmd_audit_checkpoint(struct cli *cli)
{
    struct answer answer;
    enum exit_code code;

    if (anchor_ask(cli, &answer) != TWOFOLD_OK)
        return output_error(cli);
    code = judge_answer(cli, &answer);
    if (code == EXIT_YES)
        print_anchor(own_org(cli), &answer.reply->base);
    twofold_reply_free(&answer.reply->base);
    return code != EXIT_YES || fflush(stdout) == 0 ? code : EXIT_UNREACHABLE;
}
