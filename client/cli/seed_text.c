#include "seed_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/client.h>

static const char base32_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool seed_is_org(const char *text)
{
    size_t n = strlen(text);

    for (const char *c = text; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return false;
    return n >= 1 && n <= TWOFOLD_ORG_MAX;
}

bool seed_is_printable(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
            return false;
    return true;
}

bool seed_is_name(const char *text)
{
    size_t n = strlen(text);

    return n >= 1 && n <= SEED_NAME_MAX && !strchr(text, ':') && seed_is_printable(text);
}

/* N characters without blanks, dashes and padding: whole bytes, and nothing left over? */
static bool is_whole(const char *text, size_t n)
{
    size_t bytes = n * 5 / 8, left = n * 5 % 8;
    const char *last = n > 0 ? strchr(base32_digits, text[n - 1]) : NULL;

    if (!last || left >= 5 || bytes < SEED_SECRET_BYTES_MIN || bytes > SEED_SECRET_BYTES_MAX)
        return false;
    return ((size_t)(last - base32_digits) & ((1U << left) - 1)) == 0;
}

bool seed_secret(const char *text, char ret[static SEED_SECRET_CHARS_MAX + 1])
{
    bool padded = false;
    size_t n = 0;

    for (; *text != '\0'; text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

        if (c == ' ' || c == '-')
            continue;
        padded |= c == '=';
        if (c == '=')
            continue;
        if (padded || n == SEED_SECRET_CHARS_MAX || !strchr(base32_digits, c))
            return false;
        ret[n++] = c;
    }
    ret[n] = '\0';
    return is_whole(ret, n);
}

/* The value of the one parameter "secret" into RET. */
static bool find_secret(const char *parameters, char ret[static SEED_URI_MAX + 1])
{
    unsigned found = 0;

    for (const char *at = parameters; *at != '\0'; at += at[0] == '&') {
        size_t n = strcspn(at, "&");

        if (strncmp(at, "secret=", 7) == 0) {
            found++;
            snprintf(ret, SEED_URI_MAX + 1, "%.*s", (int)n - 7, at + 7);
        }
        at += n;
    }
    return found == 1;
}

const char *seed_uri_fault(const char *text)
{
    char secret[SEED_URI_MAX + 1] = "", plain[SEED_SECRET_CHARS_MAX + 1];
    const char *parameters = strchr(text, '?');
    bool good;

    if (strncmp(text, "otpauth://totp/", 15) != 0 || strlen(text) > SEED_URI_MAX || !parameters)
        return "must be otpauth://totp/LABEL?secret=..., of at most 1535 bytes";
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return "must be visible ASCII: write other characters as %XX";
    good =
        find_secret(parameters + 1, secret) && (strchr(secret, '%') || seed_secret(secret, plain));
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(plain, sizeof plain);
    return good ? NULL : "must carry one secret of 16 to 64 bytes in base32";
}

/* TEXT with all but RFC 3986's unreserved characters as %XX. */
static void escape(const char *text, char ret[static 3 * SEED_NAME_MAX + 1])
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += (size_t)snprintf(
            ret + n, 4, isalnum((unsigned char)*text) || strchr("-._~", *text) ? "%c" : "%%%02X",
            (unsigned char)*text);
    ret[n] = '\0';
}

char *seed_uri(const struct seed_factor *factor)
{
    const ProtobufCEnumValue *algorithm = protobuf_c_enum_descriptor_get_value(
        &twofold__v1__policy__algorithm__descriptor, (int)factor->numbers->algorithm);
    char issuer[3 * SEED_NAME_MAX + 1], *uri = NULL;

    escape(factor->label, issuer);
    if (asprintf(&uri, "otpauth://totp/user?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
                 factor->secret, issuer, algorithm->name, (int)factor->numbers->digits,
                 (int)factor->numbers->period) < 0)
        return NULL;
    return uri;
}

/* As the service has them; a test compares. */
static const struct {
    const char *name;
    int32_t least, most, step;
    const char *rule;
} numbers[] = {
    {"digits", 6, 8, 2, "must be 6 or 8"},
    {"period", 30, 60, 30, "must be 30 or 60"},
    {"skew_steps", 0, 2, 1, "must be 0 to 2"},
    {"max_failures", 1, 10, 1, "must be 1 to 10"},
    {"lockout_seconds", 1, 3600, 1, "must be 1 to 3600"},
    {"enrollment_ttl_seconds", 60, 86400, 1, "must be 60 to 86400"},
    {"step_token_ttl_seconds", 30, 3600, 1, "must be 30 to 3600"},
    {"recovery_code_count", 0, 16, 1, "must be 0 to 16"},
    {"max_authenticators", 1, 10, 1, "must be 1 to 10"},
};

const char *seed_number_fault(const char *name, int32_t value)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (strcmp(name, numbers[i].name) != 0)
            continue;
        if (value < numbers[i].least || value > numbers[i].most ||
            (value - numbers[i].least) % numbers[i].step != 0)
            return numbers[i].rule;
        return NULL;
    }
    return "is no number of the policy";
}
