/*
 * Both directions treat the other side as hostile. Written: everything that could end a component
 * is escaped, so that an issuer such as "x&secret=AAAA" stays an issuer. Read: a URI that two
 * parsers could understand differently (a parameter twice, a second colon, an escape that is none,
 * a NUL) is refused instead of guessed at, because the app that the user scanned it with may have
 * guessed otherwise.
 *
 * Issuer and account are split after decoding: the Key URI format allows ':' and '%3A' alike.
 */
#include "core/otpauth.h"

#include "core/base32.h"
#include "core/uri.h"

static const char prefix[] = "otpauth://totp/";

static const char *const algorithm_names[] = {
    [MAC_SHA1] = "SHA1", [MAC_SHA256] = "SHA256", [MAC_SHA512] = "SHA512"};

void otpauth_wipe(struct otpauth *o)
{
    wipe(o, sizeof *o);
}

bool otpauth_name_valid(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < 0x20 || s[i] == 0x7f || s[i] == ':')
            return false;
        if (s[i] == 0xc2 && i + 1 < n && s[i + 1] < 0xa0)
            return false;
    }
    return n > 0 && utf8_valid(text, n);
}

static void put_key(struct uri_text *t, const struct secret *key)
{
    if (BASE32_CHARS(key->n) >= sizeof t->chars - t->n) {
        t->full = true;
        return;
    }
    base32_encode(secret_view(key), t->chars + t->n);
    t->n += BASE32_CHARS(key->n);
}

enum err otpauth_format(const struct otpauth *o, char ret_uri[static OTPAUTH_URI_MAX])
{
    auto_uri_text uri = {0};

    if (!otpauth_name_valid(o->issuer, strlen(o->issuer)) ||
        !otpauth_name_valid(o->account, strlen(o->account)))
        return ERR_VALIDATION;

    uri_put(&uri, prefix);
    uri_put_escaped(&uri, o->issuer);
    uri_put(&uri, ":");
    uri_put_escaped(&uri, o->account);
    uri_put(&uri, "?secret=");
    put_key(&uri, &o->key);
    uri_put(&uri, "&issuer=");
    uri_put_escaped(&uri, o->issuer);
    uri_put(&uri, "&algorithm=");
    uri_put(&uri, algorithm_names[o->params.algorithm]);
    uri_put(&uri, "&digits=");
    uri_put_number(&uri, o->params.digits);
    uri_put(&uri, "&period=");
    uri_put_number(&uri, o->params.period_s);
    uri_put_char(&uri, '\0');
    if (uri.full)
        return ERR_VALIDATION;
    memcpy(ret_uri, uri.chars, uri.n);
    return ERR_OK;
}

/* A name into OUT, which holds MAX bytes and a NUL. */
static enum err take_name(struct uri_piece name, size_t max, char *out)
{
    if (name.n > max || !otpauth_name_valid(name.p, name.n))
        return ERR_VALIDATION;
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return ERR_OK;
}

static enum err take_label(struct uri_piece raw, struct otpauth *o)
{
    auto_uri_text label = {0};
    struct uri_piece rest, issuer;

    TRY(uri_unescape(raw, &label));
    rest = (struct uri_piece){label.chars, label.n};
    if (!memchr(label.chars, ':', label.n))
        return take_name(rest, USERNAME_MAX, o->account);
    issuer = uri_cut(&rest, ':');
    TRY(take_name(issuer, ISSUER_MAX, o->issuer));
    while (rest.n > 0 && *rest.p == ' ') {
        rest.p++;
        rest.n--;
    }
    return take_name(rest, USERNAME_MAX, o->account);
}

static enum err take_secret(const struct uri_text *value, struct otpauth *o)
{
    TRY(base32_decode(value->chars, value->n, &o->key));
    return o->key.n < OTP_SECRET_BYTES_MIN || o->key.n > OTP_SECRET_BYTES_MAX ? ERR_VALIDATION
                                                                              : ERR_OK;
}

/* The label was read before: what it said must be what the parameter says. */
static enum err take_issuer(const struct uri_text *value, struct otpauth *o)
{
    if (value->n == 0 || uri_text_is(value, o->issuer))
        return ERR_OK;
    if (o->issuer[0] != '\0')
        return ERR_VALIDATION;
    return take_name((struct uri_piece){value->chars, value->n}, ISSUER_MAX, o->issuer);
}

static enum err take_algorithm(const struct uri_text *value, struct otpauth *o)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithm_names); i++) {
        if (!uri_text_is(value, algorithm_names[i]))
            continue;
        o->params.algorithm = (enum mac_algorithm)i;
        return ERR_OK;
    }
    return ERR_VALIDATION;
}

static enum err take_digits(const struct uri_text *value, struct otpauth *o)
{
    o->params.digits = uri_text_is(value, "8") ? 8 : 6;
    return uri_text_is(value, "8") || uri_text_is(value, "6") ? ERR_OK : ERR_VALIDATION;
}

static enum err take_period(const struct uri_text *value, struct otpauth *o)
{
    o->params.period_s = uri_text_is(value, "60") ? 60 : 30;
    return uri_text_is(value, "60") || uri_text_is(value, "30") ? ERR_OK : ERR_VALIDATION;
}

static const struct parameter {
    const char *name;
    enum err (*take)(const struct uri_text *value, struct otpauth *o);
    const char *rule;
} parameters[] = {
    {"secret", take_secret, "must carry one secret of 16 to 64 bytes in base32"},
    {"issuer", take_issuer, "must name one issuer, of at most 64 bytes, in label and parameter"},
    {"algorithm", take_algorithm, "must have the algorithm SHA1, SHA256 or SHA512"},
    {"digits", take_digits, "must have 6 or 8 digits"},
    {"period", take_period, "must have a period of 30 or 60 seconds"},
};

/* What a URI must be that is refused before or between its parameters. */
static const char rule_shape[] = "must be otpauth://totp/LABEL?PARAMETERS, in visible ASCII";
static const char rule_label[] = "must have the label ISSUER:ACCOUNT or ACCOUNT";
static const char rule_escapes[] = "must have whole percent escapes, and none of NUL";
static const char rule_once[] = "must have each parameter at most once";

static enum err refuse(const char *rule, const char **ret_rule)
{
    *ret_rule = rule;
    return ERR_VALIDATION;
}

/* Index of the parameter NAME, or their number. */
static size_t parameter_index(const struct uri_text *name)
{
    size_t i = 0;

    while (i < ARRAY_LEN(parameters) && !uri_text_is(name, parameters[i].name))
        i++;
    return i;
}

/* SEEN has bit i set once parameters[i] was there. */
static enum err take_parameter(struct uri_piece raw, struct otpauth *o, unsigned *seen,
                               const char **ret_rule)
{
    struct uri_piece raw_name = uri_cut(&raw, '=');
    auto_uri_text name = {0}, value = {0};
    size_t i;

    /* Names are decoded too: another parser would see "s%65cret" as a second secret. */
    if (uri_unescape(raw_name, &name) != ERR_OK || uri_unescape(raw, &value) != ERR_OK)
        return refuse(rule_escapes, ret_rule);
    i = parameter_index(&name);
    if (i == ARRAY_LEN(parameters))
        return ERR_OK;
    if (*seen & 1U << i)
        return refuse(rule_once, ret_rule);
    *seen |= 1U << i;
    if (parameters[i].take(&value, o) != ERR_OK)
        return refuse(parameters[i].rule, ret_rule);
    return ERR_OK;
}

/* Only what RFC 3986 lets stand in a URI without a fragment. */
static bool shape_valid(struct uri_piece uri)
{
    for (size_t i = 0; i < uri.n; i++)
        if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f || uri.p[i] == '#')
            return false;
    return uri.n >= strlen(prefix) && uri.n < OTPAUTH_URI_MAX &&
           bytes_equal((struct bytes){(const uint8_t *)uri.p, strlen(prefix)},
                       bytes_of_text(prefix));
}

enum err otpauth_parse(const char *uri, size_t n, struct otpauth *ret, const char **ret_rule)
{
    auto_otpauth o = {.params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30}};
    struct uri_piece rest = {uri, n};
    struct uri_piece label;
    unsigned seen = 0;

    if (!shape_valid(rest))
        return refuse(rule_shape, ret_rule);
    rest = (struct uri_piece){uri + strlen(prefix), n - strlen(prefix)};
    label = uri_cut(&rest, '?');
    if (take_label(label, &o) != ERR_OK)
        return refuse(rule_label, ret_rule);
    while (rest.n > 0)
        TRY(take_parameter(uri_cut(&rest, '&'), &o, &seen, ret_rule));
    if (o.key.n == 0)
        return refuse(parameters[0].rule, ret_rule);
    *ret = o;
    return ERR_OK;
}
