#include "cli.h"

#include "json.h"
#include "reflect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <twofold/v1/error.pb-c.h>

/* Bytes of the character that TEXT begins with, and its number; 0: it is not UTF-8 (RFC 3629). The
 * string's end continues no character. */
static size_t read_character(const unsigned char *text, uint32_t *ret)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *text < 0x80 ? 1 : *text < 0xc0 ? 0 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;

    *ret = n == 1 ? *text : *text & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *ret = *ret << 6 | (text[i] & 0x3f);
    }
    if (*text > 0xf4 || *ret < smallest[n] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret < 0xe000))
        return 0;
    return n;
}

/* What a terminal obeys: C0, DEL, C1, and what turns the direction of writing. */
static bool is_control(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
                  {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static size_t print_character(FILE *out, const char *text)
{
    uint32_t c = 0;
    size_t n = read_character((const unsigned char *)text, &c);

    if (n == 0)
        fprintf(out, "\\x%02x", (unsigned char)*text);
    else if (is_control(c))
        fprintf(out, c < 0x100 ? "\\x%02" PRIx32 : "\\u%04" PRIx32, c);
    else
        fwrite(text, 1, n, out);
    return n > 0 ? n : 1;
}

void output_text(FILE *out, const char *text)
{
    while (*text != '\0')
        text += print_character(out, text);
}

void output_quoted(FILE *out, const char *text, const char *marks)
{
    if (text[0] != '\0' && text[strcspn(text, marks)] == '\0') {
        output_text(out, text);
        return;
    }
    fputc('"', out);
    while (*text != '\0') {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        text += print_character(out, text);
    }
    fputc('"', out);
}

void output_time(int64_t unix_s, char ret_text[TIME_TEXT_SIZE])
{
    time_t t = (time_t)unix_s;
    struct tm utc;

    if (unix_s == 0)
        snprintf(ret_text, TIME_TEXT_SIZE, "never");
    else if (!gmtime_r(&t, &utc) ||
             strftime(ret_text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(ret_text, TIME_TEXT_SIZE, "%" PRId64, unix_s);
}

static bool names_a_time(const char *field)
{
    size_t n = strlen(field);

    return n > 3 && strcmp(field + n - 3, "_at") == 0;
}

static void print_number(FILE *out, const ProtobufCFieldDescriptor *field, int64_t value)
{
    char time_text[TIME_TEXT_SIZE];

    output_time(value, time_text);
    if (names_a_time(field->name))
        fputs(time_text, out);
    else
        fprintf(out, "%" PRId64, value);
}

static void print_fields(FILE *out, const ProtobufCMessage *message, int indent);

/* The types that the contract's replies have; -Wswitch-enum does not care for the rest. */
static void print_value(FILE *out, const ProtobufCFieldDescriptor *field, const void *value,
                        int indent)
{
    const char *name;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        fputc('\n', out);
        print_fields(out, *(const ProtobufCMessage *const *)value, indent + 2);
        return;
    }
    fputc(' ', out);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        output_text(out, *(const char *const *)value);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        name = reflect_enum_name(field, *(const int *)value);
        fputs(name ? name : "(unknown)", out);
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        fputs(*(const protobuf_c_boolean *)value ? "true" : "false", out);
    } else if (field->type == PROTOBUF_C_TYPE_INT32) {
        print_number(out, field, *(const int32_t *)value);
    } else if (field->type == PROTOBUF_C_TYPE_INT64) {
        print_number(out, field, *(const int64_t *)value);
    } else {
        fputs("(see --json)", out);
    }
    fputc('\n', out);
}

static void print_fields(FILE *out, const ProtobufCMessage *message, int indent)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t n = reflect_count(message, field);

        for (size_t k = 0; k < n; k++) {
            fprintf(out, "%*s%s:", indent, "", field->name);
            print_value(out, field, reflect_value(message, field, k), indent);
        }
    }
}

void output_fields(FILE *out, const ProtobufCMessage *message)
{
    print_fields(out, message, 0);
}

enum exit_code output_usage(const char *fmt, ...)
{
    va_list args;

    fputs("twofold: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("\n", stderr);
    return EXIT_WRONG_USAGE;
}

static enum exit_code exit_code_of(const struct twofold_error *error)
{
    switch (error->status) {
    case TWOFOLD_OK:
        return EXIT_YES;
    case TWOFOLD_REFUSED:
        return error->reason == TWOFOLD__V1__ERROR__REASON__VALIDATION ? EXIT_WRONG_USAGE
                                                                       : EXIT_DENIED;
    case TWOFOLD_USAGE:
        return EXIT_WRONG_USAGE;
    case TWOFOLD_TIMEOUT:
    case TWOFOLD_NO_RESPONDERS:
    case TWOFOLD_DISCONNECTED:
    case TWOFOLD_PROTOCOL:
    case TWOFOLD_EXHAUSTED:
        break;
    }
    return EXIT_UNREACHABLE;
}

/* What to do about a refusal, where its own sentence does not say it. */
static const struct {
    int reason;
    const char *hint;
} hints[] = {
    {TWOFOLD__V1__ERROR__REASON__SUSPENDED, "an administrator lifts it: twofold unlock USER"},
    {TWOFOLD__V1__ERROR__REASON__NOT_ENROLLED, "enrol first: twofold enroll USER"},
    {TWOFOLD__V1__ERROR__REASON__NOT_FOUND,
     "look at: twofold user list; an organization is made by: twofold policy set mode=optional"},
    {TWOFOLD__V1__ERROR__REASON__POLICY_FORBIDS, "look at: twofold policy show"},
};

/* What the bus refused is in the message only. */
static const char *permission_hint(const char *message)
{
    if (strstr(message, "Permissions Violation for Subscription to \"_INBOX"))
        return "answers must arrive where this login may listen: --inbox-prefix, as the server's "
               "configuration has it";
    if (strstr(message, "Permissions Violation"))
        return "this login may not do that: use one whose role may (--nkey, --creds)";
    return NULL;
}

static const char *hint_of(const struct cli *cli)
{
    if (cli->error.reason == TWOFOLD__V1__ERROR__REASON__CODE_REJECTED)
        return cli->offered_recovery_code
                   ? "a recovery code works once; take another one"
                   : "a code works once and for a short time: take the next one, and check the "
                     "phone's clock";
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (hints[i].reason == cli->error.reason)
            return hints[i].hint;
    return permission_hint(cli->error.message);
}

/* How many more tries there are, and when. */
static void print_tries(const struct twofold_error *error)
{
    int64_t wait_s = error->retry_after_seconds;
    int32_t left = error->attempts_left;
    bool failed = error->reason == TWOFOLD__V1__ERROR__REASON__CODE_REJECTED ||
                  error->reason == TWOFOLD__V1__ERROR__REASON__WRONG_CREDENTIALS;

    if (wait_s > 0 && failed)
        fprintf(stderr,
                "  a wait of %" PRId64 " s has begun; nothing is looked at before its end\n",
                wait_s);
    else if (wait_s > 0)
        fprintf(stderr, "  wait %" PRId64 " s, then try again\n", wait_s);
    else if (left > 0)
        fprintf(stderr, "  %" PRId32 " more %s before waiting starts\n", left,
                left == 1 ? "try" : "tries");
    else if (failed)
        fputs("  the next failure starts a wait\n", stderr);
}

static void print_hints(const struct cli *cli)
{
    const struct twofold_error *error = &cli->error;
    const char *hint = hint_of(cli);

    for (size_t i = 0; i < error->n_violations; i++) {
        fputs("  ", stderr);
        output_text(stderr, error->violations[i].field);
        fputs(": ", stderr);
        output_text(stderr, error->violations[i].rule);
        fputs("\n", stderr);
    }
    if (hint)
        fprintf(stderr, "  %s\n", hint);
    print_tries(error);
}

/* URL without what stands before "@": that may be a password. */
static void print_where(const struct cli *cli)
{
    const char *url = cli->args.nats ? cli->args.nats : "nats://127.0.0.1:4222";
    const char *scheme_end = strstr(url, "://"), *at = strrchr(url, '@');
    int scheme = scheme_end ? (int)(scheme_end + 3 - url) : 0;

    fputs("  asked: organization ", stderr);
    output_text(stderr, cli->args.org ? cli->args.org : "default");
    fputs(" at ", stderr);
    if (at)
        fprintf(stderr, "%.*s", scheme, url);
    output_text(stderr, at ? at + 1 : url);
    fputs(" (--org, --nats)\n", stderr);
}

void output_hints(const struct cli *cli)
{
    const struct twofold_error *error = &cli->error;

    print_hints(cli);
    if (exit_code_of(error) != EXIT_UNREACHABLE || error->status == TWOFOLD_EXHAUSTED)
        return;
    if (error->status != TWOFOLD_DISCONNECTED && !hint_of(cli))
        fputs("  is twofoldd running, and on this bus?\n", stderr);
    print_where(cli);
}

static void print_error(const struct cli *cli)
{
    fputs("twofold: ", stderr);
    output_text(stderr, cli->error.message);
    fputs("\n", stderr);
    output_hints(cli);
}

enum exit_code output_error(const struct cli *cli)
{
    if (cli->args.json)
        json_print_error(stdout, &cli->error);
    else
        print_error(cli);
    return exit_code_of(&cli->error);
}
