/*
 * The bus library passes a subject to the server as it is: a line break in one would be a command
 * of the attacker's choice. So every part is either derived from a descriptor or checked here
 * against the characters of one token.
 */
#include "subject.h"

#include <stdio.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN LOWER UPPER "0123456789_-"
#define INBOX_ROOT "_INBOX"

enum { INBOX_PREFIX_MAX = 100, NAME_SIZE = 64 };

bool org_valid(const char *org)
{
    size_t n = strlen(org);

    return n >= 1 && n <= TWOFOLD_ORG_MAX && strspn(org, TOKEN) == n;
}

/* Is TEXT made of tokens of the characters ALLOWED, parted by dots, MAX_TOKENS at most? */
static bool tokens_valid(const char *text, const char *allowed, unsigned max_tokens)
{
    for (unsigned i = 0; i < max_tokens; i++) {
        size_t n = strspn(text, allowed);

        if (n == 0)
            return false;
        if (text[n] == '\0')
            return true;
        if (text[n] != '.')
            return false;
        text += n + 1;
    }
    return false;
}

bool inbox_prefix_valid(const char *prefix)
{
    size_t root = strlen(INBOX_ROOT);

    return strncmp(prefix, INBOX_ROOT, root) == 0 &&
           (prefix[root] == '\0' || prefix[root] == '.') && strlen(prefix) <= INBOX_PREFIX_MAX &&
           tokens_valid(prefix, TOKEN, INBOX_PREFIX_MAX);
}

/* RegenerateRecoveryCodes -> regenerate_recovery_codes. False when it does not fit. */
static bool lower_snake(const char *name, char ret[NAME_SIZE])
{
    size_t at = 0;

    for (const char *c = name; *c != '\0'; c++) {
        bool upper = *c >= 'A' && *c <= 'Z';

        if (at + 2 >= NAME_SIZE)
            return false;
        if (upper && c != name)
            ret[at++] = '_';
        ret[at++] = upper ? (char)(*c - 'A' + 'a') : *c;
    }
    ret[at] = '\0';
    return true;
}

enum twofold_status twofold_subject(const char *org, const struct twofold_call *call,
                                    char *ret_subject, size_t n)
{
    char service[NAME_SIZE], method[NAME_SIZE], subject[SUBJECT_SIZE];
    int len;

    if (!org_valid(org) || !call->service || !call->method ||
        !protobuf_c_service_descriptor_get_method_by_name(call->service, call->method) ||
        !lower_snake(call->service->short_name, service) || !lower_snake(call->method, method))
        return TWOFOLD_USAGE;
    len = snprintf(subject, sizeof subject, "twofold.v1.%s.%s.%s", org, service, method);
    if (len < 0 || (size_t)len >= sizeof subject || (size_t)len >= n)
        return TWOFOLD_USAGE;
    memcpy(ret_subject, subject, (size_t)len + 1);
    return TWOFOLD_OK;
}

bool audit_subject(const char *org, const char *type, char ret_subject[SUBJECT_SIZE])
{
    int len;

    if (type && (strlen(type) > NAME_SIZE || !tokens_valid(type, LOWER "_", 2)))
        return false;
    len = snprintf(ret_subject, SUBJECT_SIZE, "twofold.audit.v1.%s.%s%s", org, type ? type : "",
                   type && strchr(type, '.') ? "" : (type ? ".>" : ">"));
    return len > 0 && len < SUBJECT_SIZE;
}

bool subject_of_violation(const char *text, char ret_subject[SUBJECT_SIZE])
{
    static const char begin[] = "Permissions Violation for Publish to \"";
    const char *at = strstr(text, begin), *name = at ? at + sizeof begin - 1 : "";
    size_t n = strcspn(name, "\"");

    if (n == 0 || n >= SUBJECT_SIZE || name[n] == '\0')
        return false;
    memcpy(ret_subject, name, n);
    ret_subject[n] = '\0';
    return true;
}
