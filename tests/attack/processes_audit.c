/*
 * Writes down the audit trail: subscribes to it on the bus in argv[1], and prints a line an event,
 *
 *     <user or -> <sequence> <digest> <previous digest or -> <type> <reason> <instance>
 *
 * after the line "recording". The digest is the SHA-256 of the event as it was published, which is
 * what the user's next event must carry. Ends with the connection, or by a signal.
 */
#include <nats/nats.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>
#include <unistd.h>

static void must(natsStatus s, const char *what)
{
    if (s == NATS_OK)
        return;
    fprintf(stderr, "processes_audit: %s: %s\n", what, natsStatus_GetText(s));
    exit(2);
}

static void print_hex(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%02x", bytes[i]);
    printf("%s ", n ? "" : "-");
}

static void on_event(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *ctx)
{
    const uint8_t *data = (const uint8_t *)natsMsg_GetData(m);
    size_t n = (size_t)natsMsg_GetDataLength(m);
    Twofold__V1__AuditEvent *e = twofold__v1__audit_event__unpack(NULL, n, data);
    uint8_t digest[SHA256_DIGEST_LENGTH];

    (void)nc;
    (void)sub;
    (void)ctx;
    SHA256(data, n, digest);
    if (e) {
        printf("%s %llu ", *e->username ? e->username : "-", (unsigned long long)e->sequence);
        print_hex(digest, sizeof digest);
        print_hex(e->previous_digest.data, e->previous_digest.len);
        printf("%s %s %s\n", e->type,
               protobuf_c_enum_descriptor_get_value(&twofold__v1__audit_event__reason__descriptor,
                                                    (int)e->reason)
                   ->name,
               e->instance);
        twofold__v1__audit_event__free_unpacked(e, NULL);
    } else {
        puts("unreadable");
    }
    fflush(stdout);
    natsMsg_Destroy(m);
}

static void on_closed(natsConnection *nc, void *ctx)
{
    (void)nc;
    (void)ctx;
    _exit(0);
}

int main(int argc, char **argv)
{
    natsOptions *o = NULL;
    natsConnection *nc = NULL;
    natsSubscription *sub = NULL;

    if (argc != 2)
        return 2;
    must(natsOptions_Create(&o), "options");
    must(natsOptions_SetURL(o, argv[1]), "url");
    must(natsOptions_SetAllowReconnect(o, false), "option");
    must(natsOptions_SetClosedCB(o, on_closed, NULL), "option");
    must(natsConnection_Connect(&nc, o), "connect");
    must(natsConnection_Subscribe(&sub, nc, "twofold.audit.v1.>", on_event, NULL), "subscribe");
    must(natsSubscription_SetPendingLimits(sub, -1, -1), "limits");
    must(natsConnection_FlushTimeout(nc, 10 * 1000), "flush");
    puts("recording");
    fflush(stdout);
    for (;;)
        pause();
}
