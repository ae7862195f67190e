#include "cmd_audit_verify.h"

#include "json_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* ---- findings in words ---- */

/* No name can look like the words around it. */
static void print_name(const char *text)
{
    output_quoted(stdout, text, " \"\\:,;/");
}

static void print_chain(const struct audit_finding *f)
{
    if (!f->org)
        return;
    fputs(f->username ? " user " : " organization ", stdout);
    print_name(f->username ? f->username : f->org);
    if (f->username) {
        fputs(" of ", stdout);
        print_name(f->org);
    }
    fputc(':', stdout);
}

/* " 5 to 9"; events of names that nobody has carry no number. */
static void print_range(const struct audit_finding *f)
{
    if (f->last == 0)
        fputs(" an event without number", stdout);
    else if (f->first == f->last)
        printf(" %" PRIu64, f->first);
    else
        printf(" %" PRIu64 " to %" PRIu64, f->first, f->last);
}

static void print_gap(const struct audit_finding *f, const char *place)
{
    print_range(f);
    fputs(f->first == f->last ? " is missing" : " are missing", stdout);
    if (f->other)
        printf(", as the checkpoint in %s %" PRIu64 " shows", place, f->other);
}

static void print_end(const struct audit_finding *f, const char *place)
{
    (void)place;
    print_range(f);
    printf(" %s missing: the end was cut off, or has not arrived",
           f->first == f->last ? "is" : "are");
}

static void print_duplicate(const struct audit_finding *f, const char *place)
{
    print_range(f);
    printf(" stands in %s %" PRIu64 " and again in %s %" PRIu64, place, f->other, place, f->at);
}

static void print_fork(const struct audit_finding *f, const char *place)
{
    print_range(f);
    printf(" is two different events, in %s %" PRIu64 " and %s %" PRIu64, place, f->other, place,
           f->at);
    if (f->at_is_false)
        printf("; that in %s %" PRIu64 " is false, the other one is signed", place, f->at);
}

static void print_changed(const struct audit_finding *f, const char *place)
{
    if (f->other_is_false)
        printf(" %" PRIu64 " (%s %" PRIu64 ") was changed", f->first, place, f->other);
    else if (f->at_is_false)
        printf(" %" PRIu64 " (%s %" PRIu64 ") was changed", f->last, place, f->at);
    else
        printf(" %" PRIu64 " (%s %" PRIu64 ") or %" PRIu64 " (%s %" PRIu64
               ") was changed: the one does not follow the other",
               f->first, place, f->other, f->last, place, f->at);
}

static void print_signed_other(const struct audit_finding *f, const char *place)
{
    print_range(f);
    printf(" (%s %" PRIu64 ") was changed, or the right one is missing: ", place, f->at);
    if (f->other)
        printf("the checkpoint in %s %" PRIu64 " signs another", place, f->other);
    else
        fputs("the anchor names another", stdout);
}

static void print_unended(const struct audit_finding *f, const char *place)
{
    printf(" begins anew in %s %" PRIu64 ", but what was before ends with %" PRIu64 " (%s %" PRIu64
           "), which is no deletion: events are missing, or one beginning is false",
           place, f->other, f->first, place, f->at);
}

static void print_uncovered(const struct audit_finding *f, const char *place)
{
    print_range(f);
    printf(" (from %s %" PRIu64 ") stands before a checkpoint, but none that is there signs it: it "
           "was put in, or its checkpoint is missing",
           place, f->at);
}

static void print_signature(const struct audit_finding *f, const char *place)
{
    printf(" the signature of checkpoint %" PRIu64 " (%s %" PRIu64 ") is wrong", f->first, place,
           f->at);
}

static void print_checkpoint(const struct audit_finding *f, const char *place)
{
    printf(" checkpoint %" PRIu64 " (%s %" PRIu64 ") is worth nothing: %s", f->first, place, f->at,
           f->why);
}

static void print_unknown_key(const struct audit_finding *f, const char *place)
{
    printf(" checkpoint %" PRIu64 " (%s %" PRIu64 ") is signed with key %" PRIu64
           ", which no anchor has",
           f->first, place, f->at, f->count);
}

static void print_no_keys(const struct audit_finding *f, const char *place)
{
    (void)place;
    printf(" no key to check the signatures of %" PRIu64
           " checkpoints with: give --anchor, from twofold audit checkpoint or twofoldd audit keys",
           f->count);
}

static void print_unproven(const struct audit_finding *f, const char *place)
{
    printf(" nothing says where the trail must end");
    if (f->count > 0)
        printf(", and the last %" PRIu64 " are under no checkpoint", f->count);
    if (f->count > 0 && f->at > 0)
        printf(" (behind %s %" PRIu64 ")", place, f->at);
    fputs(": give --anchor, made by twofold audit checkpoint before the events were read", stdout);
}

static void print_foreign(const struct audit_finding *f, const char *place)
{
    printf(" %s %" PRIu64 " %s", place, f->at, f->why);
}

static void print_answer(const struct audit_finding *f, const char *place)
{
    (void)place;
    printf(" what the service answers about the end is not believed: %s", f->why);
}

static void (*const printers[AUDIT_FINDINGS])(const struct audit_finding *, const char *place) = {
    [AUDIT_FINDING_FOREIGN] = print_foreign,
    [AUDIT_FINDING_GAP] = print_gap,
    [AUDIT_FINDING_DUPLICATE] = print_duplicate,
    [AUDIT_FINDING_FORK] = print_fork,
    [AUDIT_FINDING_CHANGED] = print_changed,
    [AUDIT_FINDING_SIGNED_OTHER] = print_signed_other,
    [AUDIT_FINDING_UNENDED] = print_unended,
    [AUDIT_FINDING_UNCOVERED] = print_uncovered,
    [AUDIT_FINDING_SIGNATURE] = print_signature,
    [AUDIT_FINDING_CHECKPOINT] = print_checkpoint,
    [AUDIT_FINDING_UNKNOWN_KEY] = print_unknown_key,
    [AUDIT_FINDING_NO_KEYS] = print_no_keys,
    [AUDIT_FINDING_ANSWER] = print_answer,
    [AUDIT_FINDING_END] = print_end,
    [AUDIT_FINDING_UNPROVEN_END] = print_unproven,
};

static void print_excuse(const struct audit_finding *f, const char *place)
{
    static const char *const texts[] = {
        [EXCUSE_NONE] = "",
        [EXCUSE_DROPPED] = "the service says that it had to drop events",
        [EXCUSE_RESTORED] = "the service says that a backup was restored",
    };

    if (f->excuse != EXCUSE_NONE)
        printf(" (%s: %s %" PRIu64 ")", texts[f->excuse], place, f->excuse_at);
}

static void print_finding(const struct audit_finding *f, const char *place)
{
    printf("%s:", audit_finding_name(f->kind));
    print_chain(f);
    printers[f->kind](f, place);
    print_excuse(f, place);
    fputc('\n', stdout);
}

/* ---- findings for programs ---- */

static void set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;

    if (text)
        json_object_set_new(object, name, value ? value : json_null()); /* not UTF-8 */
}

static void set_number(json_t *object, const char *name, uint64_t value)
{
    if (value > 0)
        json_object_set_new(object, name, json_of_unsigned(value));
}

static void finding_to_json(const struct audit_finding *f, json_t *object)
{
    static const char *const excuses[] = {NULL, "audit.dropped", "service.restored"};

    set_text(object, "finding", audit_finding_name(f->kind));
    set_text(object, "org", f->org);
    set_text(object, "username", f->username);
    set_number(object, "first", f->first);
    set_number(object, "last", f->last);
    set_number(object, "at", f->at);
    set_number(object, "other", f->other);
    set_number(object, "count", f->count);
    if (f->at_is_false || f->other_is_false)
        set_text(object, "false", f->at_is_false ? "at" : "other");
    set_text(object, "why", f->why);
    set_text(object, "excuse", excuses[f->excuse]);
}

void report_finding(const struct audit_finding *finding, void *ctx)
{
    struct verify *v = ctx;

    progress_end(&v->progress);
    if (finding->kind == AUDIT_FINDING_GAP || finding->kind == AUDIT_FINDING_END)
        v->misses = true;
    if (v->cli->args.json) {
        json_t *object = json_object();

        finding_to_json(finding, object);
        json_print_line(stdout, object);
    } else {
        print_finding(finding, v->place);
    }
}

/* ---- the end ---- */

static void print_count(const char *before, uint64_t n, const char *what)
{
    printf("%s%" PRIu64 " %s%s", before, n, what, n == 1 ? "" : "s");
}

static void print_summary(const struct audit_counts *c)
{
    if (c->findings == 0)
        fputs("nothing is missing, doubled or changed", stdout);
    else
        print_count("", c->findings, "finding");
    print_count(": ", c->events, "event");
    print_count(", ", c->chains, "chain");
    print_count(", ", c->organizations, "organization");
    print_count(", ", c->checkpoints, "checkpoint");
    if (c->after_end > 0)
        print_count("; under no checkpoint yet: the newest ", c->after_end, "event");
    fputc('\n', stdout);
}

enum exit_code report_end(const struct verify *v)
{
    struct audit_counts c;

    audit_check_count(v->check, &c);
    if (v->cli->args.json) {
        json_t *object = json_object();

        json_object_set_new(object, "findings", json_of_unsigned(c.findings));
        json_object_set_new(object, "events", json_of_unsigned(c.events));
        json_object_set_new(object, "chains", json_of_unsigned(c.chains));
        json_object_set_new(object, "organizations", json_of_unsigned(c.organizations));
        json_object_set_new(object, "checkpoints", json_of_unsigned(c.checkpoints));
        json_object_set_new(object, "after_end", json_of_unsigned(c.after_end));
        json_print_line(stdout, object);
    } else {
        print_summary(&c);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("twofold: what was found cannot be written\n", stderr);
        return EXIT_UNREACHABLE;
    }
    if (v->misses)
        fputs("  twofoldd audit resend may mend what is missing\n", stderr);
    return c.findings == 0 ? EXIT_YES : EXIT_DENIED;
}

void report_note(struct verify *v, const char *fmt, ...)
{
    char text[512];
    va_list args;

    progress_end(&v->progress);
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fputs("twofold: ", stderr);
    output_text(stderr, text);
    fputc('\n', stderr);
}
