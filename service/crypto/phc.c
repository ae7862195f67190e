#include "crypto/phc.h"

#include "base/secret.h"
#include "crypto/base64.h"

#include <stdio.h>

enum { LN_MAX = 24, R_MAX = 32, P_MAX = 16 };

static const uint64_t memory_max = 1ULL << 30;

bool phc_cost_valid(const struct password_cost *cost)
{
    if (cost->ln < 1 || cost->ln > LN_MAX || cost->r < 1 || cost->r > R_MAX || cost->p < 1 ||
        cost->p > P_MAX)
        return false;
    return (128ULL * cost->r) << cost->ln <= memory_max;
}

static bool take_text(const char **at, const char *expected)
{
    size_t n = strlen(expected);

    if (strncmp(*at, expected, n) != 0)
        return false;
    *at += n;
    return true;
}

/* One or two digits, without a leading zero: all bounds are below 100. */
static bool take_number(const char **at, unsigned *ret_value)
{
    unsigned value = 0;
    const char *digit = *at;

    for (; *digit >= '0' && *digit <= '9' && digit - *at < 2; digit++)
        value = value * 10 + (unsigned)(*digit - '0');
    if (digit == *at || **at == '0')
        return false;
    *at = digit;
    *ret_value = value;
    return true;
}

static bool take_base64(const char **at, uint8_t *ret_out, size_t n)
{
    size_t length = BASE64_LENGTH(n);

    if (strnlen(*at, length) < length ||
        !base64_decode((struct bytes){(const uint8_t *)*at, length}, ret_out, n))
        return false;
    *at += length;
    return true;
}

bool phc_parse(const char *text, struct phc *ret_phc)
{
    auto_phc phc = {0};
    const char *at = text;

    if (!take_text(&at, "$scrypt$ln=") || !take_number(&at, &phc.cost.ln) ||
        !take_text(&at, ",r=") || !take_number(&at, &phc.cost.r) || !take_text(&at, ",p=") ||
        !take_number(&at, &phc.cost.p) || !phc_cost_valid(&phc.cost))
        return false;
    if (!take_text(&at, "$") || !take_base64(&at, phc.salt, sizeof phc.salt) ||
        !take_text(&at, "$") || !take_base64(&at, phc.hash, sizeof phc.hash) || *at)
        return false;
    *ret_phc = phc;
    return true;
}

void phc_format(const struct phc *phc, char ret_text[static PHC_MAX])
{
    char salt[BASE64_LENGTH(PHC_SALT_BYTES) + 1], hash[BASE64_LENGTH(SCRYPT_HASH_BYTES) + 1];

    base64_encode((struct bytes){phc->salt, sizeof phc->salt}, salt);
    base64_encode((struct bytes){phc->hash, sizeof phc->hash}, hash);
    snprintf(ret_text, PHC_MAX, "$scrypt$ln=%u,r=%u,p=%u$%s$%s", phc->cost.ln, phc->cost.r,
             phc->cost.p, salt, hash);
    wipe(hash, sizeof hash);
}

void phc_wipe(struct phc *phc)
{
    wipe(phc, sizeof *phc);
}
