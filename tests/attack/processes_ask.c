/*
 * Asks the service many things at once. Standard input has a request a line, as in
 *
 *     64* Verification.Verify username=ada code=123456 @Twofold-Request-Id=r1
 *
 * COUNT* sends it so many times; @NAME=VALUE is a header, but for @reply: "none" sends no reply
 * subject, "gone" one that nobody listens to, "attested" one below _R_, where only a server's own
 * requests come from. An empty line waits until everything before it is answered.
 *
 * Standard output has a line a request, in order: the verdict (OK, a reason, NONE without an
 * answer, UNSERVED without a service), retry_after_seconds, attempts_left, and microseconds from
 * the first sending to the answer that counts.
 *
 * Arguments: url=..., timeout_ms=... of each wait (10000), until_decided=1 (what was answered
 * EXHAUSTED is sent again), kill9=PID at the first answer, or kill_after_us=... after all were
 * sent.
 */
#include <twofold/client.h>

#include <nats/nats.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 * 1024, HEADERS_MAX = 8, ASKED_MAX = 200 * 1000, AGAIN_US = 2000 };

static const ProtobufCServiceDescriptor *const services[] = {
    &twofold__v1__admin__descriptor, &twofold__v1__enrollment__descriptor,
    &twofold__v1__login__descriptor, &twofold__v1__verification__descriptor};

/* What a line says; those that repeat it share it. */
struct request {
    char subject[256];
    const char *reply_to; /* "none", "gone", "attested"; else NULL */
    unsigned n_headers;
    char *headers[HEADERS_MAX][2];
    uint8_t *body;
    size_t n_body;
};

/* Written by the thread of the library before `answered`. */
struct asked {
    const struct request *request;
    int64_t sent_us, answered_us;
    const char *verdict;
    long long retry_after_s, attempts_left;
    atomic_bool answered;
};

static struct {
    natsConnection *nc;
    char inbox[128];
    struct asked *asked;
    size_t n;
    long long timeout_ms, kill9, kill_after_us, until_decided;
} run = {.timeout_ms = 10000};

static void die(const char *what)
{
    fprintf(stderr, "processes_ask: %s\n", what);
    exit(2);
}

static void must(natsStatus s, const char *what)
{
    if (s != NATS_OK)
        die(what);
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- A line to a request --- */

static const ProtobufCMessageDescriptor *set_method(struct request *r, char *full_name)
{
    char *dot = strchr(full_name, '.');
    struct twofold_call call = {.method = dot ? dot + 1 : ""};
    const ProtobufCMethodDescriptor *method = NULL;

    if (dot)
        *dot = '\0';
    for (size_t i = 0; i < sizeof services / sizeof *services && !method; i++) {
        if (strcmp(services[i]->short_name, full_name) != 0)
            continue;
        call.service = services[i];
        method = protobuf_c_service_descriptor_get_method_by_name(services[i], call.method);
    }
    if (!method || twofold_subject("default", &call, r->subject, sizeof r->subject) != TWOFOLD_OK)
        die("no such method");
    return method->input;
}

static void set_field(ProtobufCMessage *message, const char *name, char *value)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

    if (!f || f->type != PROTOBUF_C_TYPE_STRING)
        die("no such text field");
    memcpy((char *)message + f->offset, &value, sizeof value);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        memcpy((char *)message + f->quantifier_offset, &f->id, sizeof f->id);
}

static void set_header(struct request *r, char *name, char *value)
{
    if (strcmp(name, "reply") == 0) {
        r->reply_to = value;
        return;
    }
    if (r->n_headers == HEADERS_MAX)
        die("too many headers");
    r->headers[r->n_headers][0] = name;
    r->headers[r->n_headers++][1] = value;
}

/* The texts stay where they are in LINE, which lives on. */
static const struct request *parse(char *line)
{
    struct request *r = calloc(1, sizeof *r);
    char *rest = line, *word = strsep(&rest, " ");
    const ProtobufCMessageDescriptor *type = set_method(r, word);
    ProtobufCMessage *message = calloc(1, type->sizeof_message);

    protobuf_c_message_init(type, message);
    while ((word = strsep(&rest, " "))) {
        char *value = strchr(word, '=');

        if (!value)
            die("a word without '='");
        *value++ = '\0';
        if (*word == '@')
            set_header(r, word + 1, value);
        else
            set_field(message, word, value);
    }
    r->n_body = protobuf_c_message_get_packed_size(message);
    r->body = malloc(r->n_body + 1);
    protobuf_c_message_pack(message, r->body);
    free(message);
    return r;
}

/* --- Answers --- */

static const char *read_refusal(struct asked *a, natsMsg *m)
{
    Twofold__V1__Error *e = twofold__v1__error__unpack(NULL, (size_t)natsMsg_GetDataLength(m),
                                                       (const uint8_t *)natsMsg_GetData(m));
    const ProtobufCEnumValue *reason;

    if (!e)
        return "UNREADABLE";
    a->retry_after_s = e->retry_after_seconds;
    a->attempts_left = e->attempts_left;
    reason = protobuf_c_enum_descriptor_get_value(&twofold__v1__error__reason__descriptor,
                                                  (int)e->reason);
    twofold__v1__error__free_unpacked(e, NULL);
    return reason ? reason->name : "UNREADABLE";
}

static const char *read_answer(struct asked *a, natsMsg *m)
{
    const char *value;

    if (natsMsgHeader_Get(m, "Status", &value) == NATS_OK && strcmp(value, "503") == 0)
        return "UNSERVED";
    if (natsMsgHeader_Get(m, "Nats-Service-Error-Code", &value) == NATS_OK)
        return read_refusal(a, m);
    return "OK";
}

static void on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *ctx)
{
    const char *number = strrchr(natsMsg_GetSubject(m), '.') + 1;
    size_t i = strtoul(number, NULL, 10);

    (void)nc;
    (void)sub;
    (void)ctx;
    if (run.kill9 > 0 && run.kill_after_us == 0)
        kill((pid_t)run.kill9, SIGKILL);
    if (i < run.n && !run.asked[i].answered) {
        struct asked *a = &run.asked[i];

        a->verdict = read_answer(a, m);
        a->answered_us = now_us();
        atomic_store(&a->answered, true);
    }
    natsMsg_Destroy(m);
}

/* --- Sending and waiting --- */

static bool expects_answer(const struct asked *a)
{
    const char *reply_to = a->request->reply_to;

    return !reply_to || strcmp(reply_to, "attested") == 0;
}

static void send_one(size_t i)
{
    const struct request *r = run.asked[i].request;
    const char *to = r->reply_to ? r->reply_to : "";
    char reply[160];
    natsMsg *m = NULL;

    if (strcmp(to, "gone") == 0)
        snprintf(reply, sizeof reply, "_INBOX.gone.%zu", i);
    else
        snprintf(reply, sizeof reply, "%s%s.%zu", strcmp(to, "attested") == 0 ? "_R_." : "_INBOX.",
                 run.inbox, i);
    must(natsMsg_Create(&m, r->subject, strcmp(to, "none") == 0 ? NULL : reply,
                        (const char *)r->body, (int)r->n_body),
         "out of memory");
    for (unsigned h = 0; h < r->n_headers; h++)
        must(natsMsgHeader_Add(m, r->headers[h][0], r->headers[h][1]), "a header");
    must(natsConnection_PublishMsg(run.nc, m), "cannot publish");
    natsMsg_Destroy(m);
}

static bool send_again(size_t i)
{
    struct asked *a = &run.asked[i];

    if (!run.until_decided || strcmp(a->verdict, "EXHAUSTED") != 0)
        return false;
    atomic_store(&a->answered, false);
    send_one(i);
    return true;
}

/* Until all from FIRST are answered, or the time is over. */
static void wait_for_answers(size_t first)
{
    int64_t until = now_us() + run.timeout_ms * 1000;

    for (size_t i = first; i < run.n && now_us() < until;) {
        if (!expects_answer(&run.asked[i]) ||
            (atomic_load(&run.asked[i].answered) && !send_again(i)))
            i++;
        else
            usleep(run.asked[i].answered ? AGAIN_US : 50);
    }
}

static void send_group(size_t first)
{
    for (size_t i = first; i < run.n; i++) {
        run.asked[i].sent_us = now_us();
        send_one(i);
    }
    must(natsConnection_FlushTimeout(run.nc, 60 * 1000), "cannot flush");
    if (run.kill9 > 0 && run.kill_after_us > 0) {
        usleep((useconds_t)run.kill_after_us);
        kill((pid_t)run.kill9, SIGKILL);
    }
    wait_for_answers(first);
}

/* COUNT* METHOD ... */
static void add_line(char *line)
{
    char *end;
    unsigned long count = strtoul(line, &end, 10);
    bool repeats = end != line && strncmp(end, "* ", 2) == 0;
    const struct request *r = parse(repeats ? end + 2 : line);

    for (unsigned long i = 0; i < (repeats ? count : 1); i++) {
        if (run.n == ASKED_MAX)
            die("too many requests");
        run.asked[run.n++].request = r;
    }
}

static void read_lines(void)
{
    static char line[LINE_MAX_BYTES];
    size_t first = 0;

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (*line) {
            add_line(strdup(line));
            continue;
        }
        send_group(first);
        first = run.n;
    }
    send_group(first);
}

/* --- Start and end --- */

static void connect_to(const char *url)
{
    natsOptions *o = NULL;
    natsInbox *inbox = NULL;
    natsSubscription *sub = NULL;
    char subject[160];

    must(natsOptions_Create(&o), "out of memory");
    must(natsOptions_SetURL(o, url), "a bad url");
    must(natsOptions_SetSendAsap(o, false), "an option");
    must(natsOptions_SetMaxReconnect(o, -1), "an option");
    must(natsConnection_Connect(&run.nc, o), "cannot connect");
    natsOptions_Destroy(o);
    must(natsInbox_Create(&inbox), "out of memory");
    snprintf(run.inbox, sizeof run.inbox, "%s", inbox + strlen("_INBOX."));
    natsInbox_Destroy(inbox);
    for (int i = 0; i < 2; i++) {
        snprintf(subject, sizeof subject, "%s%s.*", i ? "_R_." : "_INBOX.", run.inbox);
        must(natsConnection_Subscribe(&sub, run.nc, subject, on_answer, NULL), "cannot subscribe");
        must(natsSubscription_SetPendingLimits(sub, -1, -1), "a limit");
    }
}

static void print_all(void)
{
    for (size_t i = 0; i < run.n; i++) {
        const struct asked *a = &run.asked[i];
        bool answered = atomic_load(&a->answered);

        printf("%s %lld %lld %lld\n", answered ? a->verdict : "NONE", a->retry_after_s,
               a->attempts_left, answered ? (long long)(a->answered_us - a->sent_us) : 0LL);
    }
}

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        long long *value;
    } numbers[] = {{"timeout_ms=", &run.timeout_ms},
                   {"kill9=", &run.kill9},
                   {"kill_after_us=", &run.kill_after_us},
                   {"until_decided=", &run.until_decided}};
    const char *url = getenv("TWOFOLD_NATS_URL");

    for (int i = 1; i < argc; i++) {
        bool known = strncmp(argv[i], "url=", 4) == 0;

        if (known)
            url = argv[i] + 4;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers && !known; k++)
            if ((known = strncmp(argv[i], numbers[k].name, strlen(numbers[k].name)) == 0))
                *numbers[k].value = strtoll(argv[i] + strlen(numbers[k].name), NULL, 10);
        if (!known)
            die("an unknown argument");
    }
    run.asked = calloc(ASKED_MAX, sizeof *run.asked);
    if (!run.asked)
        die("out of memory");
    connect_to(url ? url : "nats://127.0.0.1:4222");
    read_lines();
    print_all();
    fflush(stdout);
    _exit(0); /* what was asked is not freed: the process ends here */
}
