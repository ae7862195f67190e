/*
 * Raises an alarm when a user is suspended, and when somebody offers a recovery code that was used
 * before: what alarm.mjs does, on libtwofold-client.
 *
 *     cc -o alarm alarm.c $(pkg-config --cflags --libs twofold-client)
 *     ./alarm [nats://127.0.0.1:4222 [alarm.ids]]
 *
 * An alarm is a line of JSON on standard output. Nothing is missed: the stream keeps the events,
 * and this reader has a name there, under which it goes on after a restart. An event is
 * acknowledged when its alarm is out; who is killed in between gets it again, and JetStream too may
 * deliver one twice. So the ids of raised alarms are kept in a file, and an id that is there raises
 * no second alarm. (Killed between line and file, the line comes twice: with the same id.)
 *
 * Exit status: 0 after SIGTERM or SIGINT, 1 when there is no bus or no such stream, or an alarm
 * cannot be written.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <twofold/trail.h>

enum { WAIT_MS = 500 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

/* What is alarming about an event, or NULL. */
static const char *alarm_of(const Twofold__V1__AuditEvent *event)
{
    const char *outcome = strrchr(event->type, '.');

    if (strcmp(event->type, "account.suspended") == 0)
        return "account suspended";
    if (outcome && strcmp(outcome, ".failed") == 0 &&
        event->reason == TWOFOLD__V1__AUDIT_EVENT__REASON__USED_RECOVERY_CODE)
        return "used recovery code";
    return NULL;
}

/* Alarms are few: the file is read anew for each. */
static bool is_raised(FILE *ids, const char *id)
{
    char line[64];

    rewind(ids);
    while (fgets(line, sizeof line, ids)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, id) == 0)
            return true;
    }
    return false;
}

static void print_json_text(const char *name, const char *text)
{
    printf(",\"%s\":\"", name);
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ')
            printf("\\u%04x", (unsigned)*c);
        else
            printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    putchar('"');
}

/* False: it is not out. */
static bool raise_alarm(const char *alarm, const Twofold__V1__AuditEvent *event, FILE *ids)
{
    printf("{\"alarm\":\"%s\"", alarm);
    print_json_text("id", event->id);
    printf(",\"time_unix_ms\":%" PRId64, event->time_unix_ms);
    print_json_text("org", event->org);
    print_json_text("username", event->username);
    printf(",\"count\":%" PRIu64 "}\n", event->span ? event->span->count : 1);
    return fflush(stdout) == 0 && fprintf(ids, "%s\n", event->id) > 0 && fflush(ids) == 0;
}

static bool handle(const struct twofold_trail_message *message, FILE *ids)
{
    const char *alarm = message->event ? alarm_of(message->event) : NULL;

    if (!message->event)
        fprintf(stderr, "skipped: message %" PRIu64 " is no audit event: %s\n",
                message->stream_sequence, message->fault);
    if (!alarm || is_raised(ids, message->event->id))
        return true;
    return raise_alarm(alarm, message->event, ids);
}

static int complain(const char *what)
{
    fprintf(stderr, "alarm: %s\n", what);
    return 1;
}

/* What stands before "@" in URL may be a password. */
static int complain_of_bus(const char *url, const char *what)
{
    const char *at = strrchr(url, '@');

    fprintf(stderr, "alarm: %s: %s\n", at ? at + 1 : url, what);
    fputs(
        "  is NATS there, with JetStream, and does the stream TWOFOLD_AUDIT exist (twofoldd makes "
        "it)?\n",
        stderr);
    return 1;
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
}

/* Where an acknowledgement fails, the event comes again, and its id is known. */
static int watch(struct twofold_trail *trail, const char *url, FILE *ids)
{
    struct twofold_trail_message message;
    struct twofold_error error;

    while (!stopped) {
        enum twofold_status status = twofold_trail_next(trail, WAIT_MS, &message, &error);

        if (status == TWOFOLD_DISCONNECTED)
            rest();
        else if (status == TWOFOLD_OK && !handle(&message, ids))
            return complain("cannot write the alarm");
        else if (status == TWOFOLD_OK)
            twofold_trail_ack(trail, &error);
        else if (status != TWOFOLD_TIMEOUT)
            return complain_of_bus(url, error.message);
    }
    return 0;
}

static int run(const char *url, FILE *ids)
{
    struct twofold_client_options bus = {.url = url, .name = "alarm"};
    struct twofold_trail_options options = {.durable = "alarm-c", .all_orgs = true};
    struct twofold_client *client = NULL;
    struct twofold_trail *trail = NULL;
    struct twofold_error error;
    int status;

    if (twofold_client_connect(&bus, &client, &error) == TWOFOLD_OK &&
        twofold_trail_open(client, &options, &trail, &error) == TWOFOLD_OK)
        status = watch(trail, url, ids);
    else
        status = complain_of_bus(url, error.message);
    twofold_trail_close(trail);
    twofold_client_close(client);
    return status;
}

int main(int argc, char **argv)
{
    FILE *ids = fopen(argc > 2 ? argv[2] : "alarm.ids", "a+");
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
    int status;

    if (!ids)
        return complain("cannot open the file of the ids");
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    status = run(argc > 1 ? argv[1] : "nats://127.0.0.1:4222", ids);
    fclose(ids);
    return status;
}
