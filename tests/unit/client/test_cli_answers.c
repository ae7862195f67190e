/*
 * Somebody answers for the service when audit verify asks where the trail ends. What they do not
 * have is the key: they can only repeat what was signed once, or say what nobody signed.
 */
#include "made_trail.h"

#include "support/nats_server.h"
#include "support/runner.h"
#include "support/scratch.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"
#include "unit/client/stream.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>

enum { KEY = 1, FOREIGN_KEY = 7 };

enum lie {
    NONE,
    REPLAYED,    /* what was answered to the first request */
    UNSIGNED,    /* as before there were signatures */
    OTHER_KEY,   /* signed with a key of one's own, under the same id */
    UNKNOWN_KEY, /* and under its own id */
    OTHER_ORG,   /* another organization's answer */
    OTHER_END,   /* beside the signed body stands an older end */
    NO_BODY,     /* signed, but no AuditAnchor */
    EMPTY,       /* signed: there is nothing; and nothing is said beside it */
};

struct bench {
    struct nats_server server;
    struct stream *stream;
    struct peer *peer;
    struct scratch scratch;
    struct cli_run run;
    struct made_trail *trail;
    enum lie lie;
    uint8_t first[1024];
    size_t n_first;
};

/* ---- who answers ---- */

struct signed_end {
    Twofold__V1__AuditAnchor anchor;
    Twofold__V1__CheckpointAuditReply reply;
    Twofold__V1__CheckpointAuditReply__Key key, *keys[1];
    uint8_t body[512], signature[64], public_key[32];
};

static void sign(struct signed_end *e, uint32_t key_id)
{
    ProtobufCBinaryData body = {.data = e->body};

    body.len = twofold__v1__audit_anchor__pack(&e->anchor, e->body);
    made_signature(key_id, "twofold-anchor-1\n", body, e->signature);
    e->reply.key_id = key_id;
    e->reply.body = body;
    e->reply.signature = (ProtobufCBinaryData){.data = e->signature, .len = sizeof e->signature};
}

static void tell_truth(const struct bench *b, const Twofold__V1__CheckpointAuditRequest *request,
                       struct signed_end *e)
{
    const struct made_chain *own = made_chain(b->trail, "acme", "");

    twofold__v1__audit_anchor__init(&e->anchor);
    twofold__v1__checkpoint_audit_reply__init(&e->reply);
    twofold__v1__checkpoint_audit_reply__key__init(&e->key);
    e->anchor.nonce = request->nonce;
    e->anchor.org = "acme";
    e->anchor.sequence = e->reply.sequence = own->sequence;
    e->anchor.digest = e->reply.digest =
        (ProtobufCBinaryData){.data = (uint8_t *)own->digest, .len = sizeof own->digest};
    e->key.id = KEY;
    made_public_key(KEY, e->public_key);
    e->key.public_key = (ProtobufCBinaryData){.data = e->public_key, .len = 32};
    e->keys[0] = &e->key;
    e->reply.keys = e->keys;
    e->reply.n_keys = 1;
    sign(e, KEY);
}

static void lie(enum lie how, struct signed_end *e)
{
    if (how == UNSIGNED)
        e->reply.body = e->reply.signature = (ProtobufCBinaryData){0};
    if (how == OTHER_KEY || how == UNKNOWN_KEY)
        sign(e, FOREIGN_KEY);
    if (how == OTHER_KEY)
        e->reply.key_id = KEY;
    if (how == OTHER_ORG) {
        e->anchor.org = "beta";
        sign(e, KEY);
    }
    if (how == OTHER_END)
        e->reply.sequence--;
    if (how == NO_BODY) {
        e->reply.body = (ProtobufCBinaryData){.data = (uint8_t *)"\xff", .len = 1};
        made_signature(KEY, "twofold-anchor-1\n", e->reply.body, e->signature);
    }
    if (how == EMPTY) {
        e->reply.sequence = 0;
        e->reply.digest = (ProtobufCBinaryData){0};
    }
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static struct signed_end end;
    struct bench *b = ctx;
    Twofold__V1__CheckpointAuditRequest *asked =
        twofold__v1__checkpoint_audit_request__unpack(NULL, request->n, request->data);
    static uint8_t now[1024];

    assert_non_null(asked);
    tell_truth(b, asked, &end);
    lie(b->lie, &end);
    answer->raw = now;
    answer->n = twofold__v1__checkpoint_audit_reply__pack(&end.reply, now);
    if (b->n_first == 0) {
        b->n_first = answer->n;
        memcpy(b->first, now, answer->n);
    }
    if (b->lie == REPLAYED) {
        answer->raw = b->first;
        answer->n = b->n_first;
    }
    twofold__v1__checkpoint_audit_request__free_unpacked(asked, NULL);
}

/* ---- the bench ---- */

static void write_key(struct bench *b, const char *name, uint32_t id, const char *org)
{
    uint8_t key[32];
    unsigned char text[64];
    FILE *f = fopen(scratch_path(&b->scratch, name), "a");

    made_public_key(id, key);
    EVP_EncodeBlock(text, key, sizeof key);
    assert_non_null(f);
    fprintf(f, "{%s%s%s\"keys\":[{\"id\":%u,\"public_key\":\"%s\"}]}\n", org ? "\"org\":\"" : "",
            org ? org : "", org ? "\"," : "", id == FOREIGN_KEY ? KEY : id, text);
    fclose(f);
}

static void publish(struct bench *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        Twofold__V1__AuditEvent *e = made_read(b->trail, i);

        stream_write_event(b->stream, e);
        twofold__v1__audit_event__free_unpacked(e, NULL);
    }
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    b->server = nats_server_start(NATS_SERVER_JETSTREAM);
    b->stream = stream_make(b->server.url);
    b->peer = peer_start(b->server.url, "twofold.v1.acme.>", answer, b);
    b->trail = made_story(KEY, KEY);
    scratch_make(&b->scratch);
    write_key(b, "keys", KEY, NULL);
    publish(b, 0, b->trail->n);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    peer_stop(b->peer);
    stream_free(b->stream);
    nats_server_stop(&b->server);
    scratch_remove(&b->scratch);
    made_free(b->trail);
    free(b);
    return 0;
}

static void run(struct bench *b, int code, const char *args)
{
    char line[2048];

    snprintf(line, sizeof line, "--org acme audit %s", args);
    run_cli(b->server.url, line, NULL, &b->run);
    if (b->run.code != code)
        fail_msg("%s: exit code %d: %s%s", args, b->run.code, b->run.out, b->run.err);
}

/* "verify --anchor FILE" */
static void verify(struct bench *b, int code, const char *file)
{
    char line[1024];

    snprintf(line, sizeof line, "verify --anchor %s", scratch_path(&b->scratch, file));
    run(b, code, line);
}

static void save_anchor(struct bench *b, const char *name)
{
    FILE *f;

    run(b, 0, "checkpoint");
    f = fopen(scratch_path(&b->scratch, name), "a");
    assert_non_null(f);
    fputs(b->run.out, f);
    fclose(f);
}

static void assert_says(const struct bench *b, const char *text)
{
    if (!strstr(b->run.out, text) && !strstr(b->run.err, text))
        fail_msg("it does not say \"%s\": %s%s", text, b->run.out, b->run.err);
}

/* ---- the tests ---- */

/* The answer was right once; since then the end was cut off. */
static void a_replayed_answer_hides_no_cut_end(void **state)
{
    struct bench *b = *state;

    verify(b, 0, "keys"); /* the first answer: somebody keeps it */
    made_add(b->trail, "acme", "alice", "verification.failed");
    made_checkpoint(b->trail, "acme", KEY); /* neither reaches the stream */
    verify(b, 1, "keys");
    assert_says(b, "end: organization acme: ");
    b->lie = REPLAYED;
    verify(b, 1, "keys");
    assert_says(b, "answer: organization acme: what the service answers about the end is not "
                   "believed: it answers another question: somebody sends an old answer again\n");
    run(b, 1, "verify");
    assert_says(b, "somebody sends an old answer again");
    run(b, 3, "checkpoint");
    assert_string_equal(b->run.out, "");
    assert_says(b, "somebody sends an old answer again");
}

static void an_answer_that_no_trusted_key_signed_is_refused(void **state)
{
    static const struct {
        enum lie lie;
        const char *why;
    } lies[] = {
        {UNSIGNED, "it is not signed"},
        {OTHER_KEY, "its signature is wrong"},
        {UNKNOWN_KEY, "it is signed with a key that no anchor has"},
        {OTHER_ORG, "it is about another organization"},
        {OTHER_END, "it says other things than its signed body"},
        {NO_BODY, "its body cannot be read"},
        {EMPTY, "it says other things than its signed body"},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        b->lie = lies[i].lie;
        verify(b, 1, "keys");
        assert_says(b, lies[i].why);
        run(b, 1, "verify"); /* nor when its own keys are believed */
        run(b, 3, "checkpoint");
        assert_string_equal(b->run.out, "");
    }
    b->lie = NONE;
    verify(b, 0, "keys");
    run(b, 0, "verify");
}

/* Somebody answers with keys of their own when the anchor is made; but the file has others too. */
static void an_anchor_shall_agree_with_the_keys_of_other_lines(void **state)
{
    struct bench *b = *state;

    save_anchor(b, "anchor");
    assert_says(b, "\"key_id\":1,\"body\":\"");
    verify(b, 0, "anchor");
    write_key(b, "anchor", KEY, NULL);
    verify(b, 0, "anchor");
    save_anchor(b, "other");
    write_key(b, "other", FOREIGN_KEY, "beta");
    verify(b, 0, "other"); /* that is another organization's */
    write_key(b, "other", FOREIGN_KEY, "acme");
    verify(b, 2, "other");
    assert_says(b, ": line 1 is not signed with the key that the file has for it\n");
}

static void an_edited_anchor_is_refused(void **state)
{
    struct bench *b = *state;
    char *number;
    FILE *f;

    save_anchor(b, "anchor");
    number = strstr(b->run.out, "\"sequence\":");
    assert_non_null(number);
    number[strlen("\"sequence\":")]++;
    f = fopen(scratch_path(&b->scratch, "edited"), "w");
    assert_non_null(f);
    fputs(b->run.out, f);
    fclose(f);
    verify(b, 2, "edited");
    assert_says(b, ": line 1 says other things than its signed body\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_replayed_answer_hides_no_cut_end, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_answer_that_no_trusted_key_signed_is_refused, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(an_anchor_shall_agree_with_the_keys_of_other_lines, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(an_edited_anchor_is_refused, set_up, tear_down),
};
RUN(tests)
