/* otpauth URIs (Google's Key URI Format): what a QR code carries to an authenticator app. */
#ifndef TWOFOLD_CORE_OTPAUTH_H
#define TWOFOLD_CORE_OTPAUTH_H

#include "core/otp.h"

struct otpauth {
    char issuer[ISSUER_MAX + 1];    /* no colon; may be empty when parsed */
    char account[USERNAME_MAX + 1]; /* no colon */
    struct otp_params params;
    struct secret key;
};

void otpauth_wipe(struct otpauth *o);
#define auto_otpauth CLEANUP(otpauth_wipe) struct otpauth

/* Can N bytes stand as issuer or account: not empty, well-formed UTF-8, no colon, no control
 * character (C0, DEL, C1)? Says nothing about the length. */
bool otpauth_name_valid(const char *text, size_t n);

/*
 * otpauth://totp/ISSUER:ACCOUNT?secret=...&issuer=ISSUER&algorithm=...&digits=...&period=... and a
 * NUL at RET_URI, OTPAUTH_URI_MAX bytes in all. Everything but RFC 3986's unreserved characters is
 * percent-encoded, space as %20. ERR_VALIDATION for a colon in issuer or account, an empty issuer
 * or account, a control character, or a URI that does not fit.
 */
NODISCARD enum err otpauth_format(const struct otpauth *o, char ret_uri[static OTPAUTH_URI_MAX]);

/*
 * Reads a URI of N bytes. Strict: type totp only, each parameter at most once, digits 6 or 8,
 * period 30 or 60, key of 16..64 bytes, well-formed UTF-8, label issuer equal to the issuer
 * parameter when both are there, no colon left in either; unknown parameters are passed over.
 * Defaults SHA1, 6, 30. ERR_VALIDATION otherwise; *RET_RULE then says what it must be (static
 * text).
 */
NODISCARD enum err otpauth_parse(const char *uri, size_t n, struct otpauth *ret,
                                 const char **ret_rule);

#endif
