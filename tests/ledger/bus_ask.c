/*
 * One request to the bus as it is, where no client of ours would do: JetStream's own API, service
 * discovery, a message that is published into a stream (which answers).
 *
 *     bus_ask URL SUBJECT [BODY]     BODY "-": from standard input; prints the answer
 *
 * Fails when there is none within five seconds.
 */
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 512 * 1024, WAIT_MS = 5000 };

static int ask(natsConnection *nc, const char *subject, const char *body, size_t n)
{
    natsMsg *m = NULL;
    natsStatus s = natsConnection_Request(&m, nc, subject, body, (int)n, WAIT_MS);

    if (s != NATS_OK) {
        fprintf(stderr, "bus_ask: %s: %s\n", subject, natsStatus_GetText(s));
        return 1;
    }
    fwrite(natsMsg_GetData(m), 1, (size_t)natsMsg_GetDataLength(m), stdout);
    putchar('\n');
    natsMsg_Destroy(m);
    return 0;
}

int main(int argc, char **argv)
{
    static char input[BODY_MAX];
    const char *body = argc > 3 ? argv[3] : "";
    size_t n = strlen(body);
    natsConnection *nc = NULL;
    int rc = 1;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: bus_ask URL SUBJECT [BODY]\n");
        return 2;
    }
    if (strcmp(body, "-") == 0) {
        n = fread(input, 1, sizeof input, stdin);
        body = input;
    }
    if (natsConnection_ConnectTo(&nc, argv[1]) == NATS_OK)
        rc = ask(nc, argv[2], body, n);
    else
        fprintf(stderr, "bus_ask: no bus at %s\n", argv[1]);
    natsConnection_Destroy(nc);
    nats_Close();
    return rc;
}
