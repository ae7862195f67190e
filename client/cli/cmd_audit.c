/* Events are printed where they arrive, on the library's thread; the main thread waits for the
 * number asked for, an interruption, or a reader that went away. */
#include "cli.h"

#include "json.h"
#include "reflect.h"

#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <twofold/v1/audit.pb-c.h>

struct tail {
    const struct cli *cli;
    int64_t left; /* events still to print; 0: no end */
    bool ended;
};

static sem_t finished; /* what a signal handler may post */

static void on_signal(int number)
{
    (void)number;
    sem_post(&finished);
}

static void print_time(int64_t unix_ms)
{
    char text[TIME_TEXT_SIZE];

    output_time(unix_ms / 1000, text);
    printf("%.19s.%03dZ", text, (int)(unix_ms % 1000));
}

/* Quoted unless it is plain, as in the log: no value can look like the next field. */
static void print_value(const char *text)
{
    if (text[strcspn(text, " \"=\\")] == '\0') {
        output_text(stdout, text);
        return;
    }
    fputc('"', stdout);
    for (; *text != '\0'; text++) {
        char piece[3] = {*text};

        if (*text == '"' || *text == '\\')
            fputc('\\', stdout);
        else if (*text == '\xc2' && text[1] != '\0')
            piece[1] = *++text; /* both bytes of what may be a control character */
        output_text(stdout, piece);
    }
    fputc('"', stdout);
}

/* " name=value" for a text or enum field that is set. */
static void print_if_set(const ProtobufCMessage *event, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(event->descriptor, name);
    const void *value = reflect_value(event, field, 0);
    const char *text =
        field->type == PROTOBUF_C_TYPE_STRING
            ? *(const char *const *)value
            : (*(const int *)value ? reflect_enum_name(field, *(const int *)value) : "");

    if (text && text[0] == '\0')
        return;
    printf(" %s=", name);
    print_value(text ? text : "(unknown)");
}

static void print_event(const Twofold__V1__AuditEvent *event)
{
    static const char *const names[] = {"outcome", "username", "reason",     "method",
                                        "purpose", "actor",    "request_id", "recovery_slot"};

    print_time(event->time_unix_ms);
    fputc(' ', stdout);
    output_text(stdout, event->type);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        print_if_set(&event->base, names[i]);
    fputc('\n', stdout);
    fflush(stdout);
}

static void on_event(const ProtobufCMessage *message, const struct twofold_error *error, void *ctx)
{
    struct tail *tail = ctx;
    const Twofold__V1__AuditEvent *event = (const Twofold__V1__AuditEvent *)message;
    const char *user = tail->cli->args.user;

    if (tail->ended)
        return;
    if (!event) {
        fprintf(stderr, "twofold: %s\n", error->message);
        return;
    }
    if (user && strcmp(user, event->username) != 0)
        return;
    if (tail->cli->args.json)
        json_print_message(stdout, message);
    else
        print_event(event);
    tail->ended = ferror(stdout) || (tail->left > 0 && --tail->left == 0);
    if (tail->ended)
        sem_post(&finished);
}

enum exit_code cmd_audit_tail(struct cli *cli)
{
    struct tail tail = {.cli = cli, .left = cli->args.count};
    struct sigaction interrupt = {.sa_handler = on_signal};
    struct twofold_watch *watch = NULL;
    struct twofold_callback each = {.call = on_event, .ctx = &tail};

    sem_init(&finished, 0, 0);
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    if (twofold_watch_open(cli->client, cli->args.type, each, &watch, &cli->error) != TWOFOLD_OK)
        return output_error(cli);
    fputs("twofold: watching; interrupt to end\n", stderr);
    while (sem_wait(&finished) != 0 && errno == EINTR)
        continue;
    twofold_watch_close(watch);
    return EXIT_YES;
}
