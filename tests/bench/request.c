#include "bench/request.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_CHARS = 10, USE_BITS = 16, NAME_DIGITS = 7, CODE_DIGITS = 6 };

/* VerifyRequest {username, code, purpose}. */
#define VERIFY_SUBJECT "twofold.v1.default.verification.verify"
#define VERIFY_BODY \
    "\x0a\x0b"      \
    "user0000000"   \
    "\x12\x06"      \
    "000000"        \
    "\x22\x11"      \
    "transfer approval"

/* Where in the body the user's number and the code stand. */
enum { NAME_AT = 6, CODE_AT = 15, BODY_BYTES = sizeof VERIFY_BODY - 1 };

static const char hex[] = "0123456789abcdef";

enum verdict request_wanted(enum run_kind kind)
{
    return kind == RUN_WRONG ? VERDICT_DENIED : VERDICT_ACCEPTED;
}

static void append(struct request *r, const char *text, size_t n)
{
    memcpy(r->text + r->n_text, text, n);
    r->n_text += (unsigned)n;
}

void request_inbox(unsigned connection, char ret_inbox[static INBOX_MAX])
{
    snprintf(ret_inbox, INBOX_MAX, "_INBOX.load%07d%c.*", getpid(), hex[connection % 16]);
}

void request_init(struct request *r, enum run_kind kind)
{
    char line[INBOX_MAX * 2];

    *r = (struct request){.kind = kind, .n_body = BODY_BYTES};
    append(r, line, (size_t)snprintf(line, sizeof line, "PUB " VERIFY_SUBJECT " "));
    request_inbox(0, line);
    append(r, line, strlen(line) - 1);
    r->connection_at = r->n_text - 2;
    r->token_at = r->n_text;
    append(r, line, (size_t)snprintf(line, sizeof line, "%010d %u\r\n", 0, r->n_body));
    r->body_at = r->n_text;
    append(r, VERIFY_BODY, BODY_BYTES);
    append(r, "\r\n", 2);
}

static void write_digits(char *to, unsigned digits, uint32_t value)
{
    for (; digits > 0; digits--, value /= 10)
        to[digits - 1] = (char)('0' + value % 10);
}

static void write_token(const struct ticket *t, char *to)
{
    uint64_t both = (uint64_t)t->slot << USE_BITS | (t->use & 0xffff);

    for (unsigned i = TOKEN_CHARS; i > 0; i--, both >>= 4)
        to[i - 1] = hex[both & 15];
}

static void write_body(const struct shot *s, char *body)
{
    write_digits(body + NAME_AT, NAME_DIGITS, s->user);
    write_digits(body + CODE_AT, CODE_DIGITS, s->code);
}

void request_write(const struct request *r, const struct ticket *t, unsigned connection,
                   const struct shot *s, char *to)
{
    memcpy(to, r->text, r->n_text);
    to[r->connection_at] = hex[connection % 16];
    write_token(t, to + r->token_at);
    write_body(s, to + r->body_at);
}

bool request_ticket(const struct wire_message *m, struct ticket *ret)
{
    uint64_t both = 0;

    if (m->n_subject < TOKEN_CHARS)
        return false;
    for (const char *p = m->subject + m->n_subject - TOKEN_CHARS; p < m->subject + m->n_subject;
         p++)
        both = both << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
    *ret = (struct ticket){.slot = (unsigned)(both >> USE_BITS), .use = both & 0xffff};
    return true;
}

enum verdict request_judge(const struct request *r, const struct shot *s,
                           const struct wire_message *m)
{
    char body[REQUEST_TEXT_MAX];

    if (r->kind != RUN_ECHO)
        return verdict_of(m);
    memcpy(body, VERIFY_BODY, BODY_BYTES);
    write_body(s, body);
    return m->n_body == r->n_body && memcmp(body, m->body, r->n_body) == 0 ? VERDICT_ACCEPTED
                                                                           : VERDICT_OTHER;
}
