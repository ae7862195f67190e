/* Every bound that a request or a caller can run into, in one place. */
#ifndef TWOFOLD_BASE_LIMITS_H
#define TWOFOLD_BASE_LIMITS_H

enum {
    /* Names */
    ORG_MAX = 64,
    USERNAME_MAX = 254,
    LABEL_MAX = 64,
    ISSUER_MAX = 64,
    PURPOSE_MAX = 64,
    REQUEST_ID_MAX = 64,
    TRACEPARENT_MAX = 55, /* W3C trace context, version 00: exactly this long */
    ACTOR_MAX = 256,
    INSTANCE_MAX = 32,

    /* Credentials */
    PASSWORD_MIN = 8,
    PASSWORD_MAX = 256,
    OTP_DIGITS_MAX = 8,
    OTP_SECRET_BYTES = 20,     /* of a secret made here: 160 bits, RFC 4226 section 4 R6 */
    OTP_SECRET_BYTES_MIN = 16, /* of a secret imported: 128 bits */
    OTP_SECRET_BYTES_MAX = 64,
    OTPAUTH_URI_MAX = 1536,
    STEP_TOKEN_MAX = 512,
    NONCE_MAX = 64,
    PHC_MAX = 160,

    /* A user's record */
    AUTHENTICATORS_MAX = 10,
    RECOVERY_CODES_MAX = 16,
    HASHES_PER_USER = 4,            /* passwords of one name being hashed at once */
    RENDERS_PER_USER = 4,           /* QR codes of one name being drawn at once */
    STEP_TOKENS_MAX = 8,            /* alive at once; the oldest gives way */
    CONSECUTIVE_FAILURES_MAX = 100, /* then SUSPENDED: NIST SP 800-63B-4 section 3.2.2 */
    WAIT_SECONDS_MAX = 3600,

    /* Requests */
    REQUEST_BYTES_SMALL = 1024, /* Verify and Login */
    REQUEST_BYTES = 8 * 1024,
    REQUEST_FIELDS_MAX = 64,
    REQUEST_UNKNOWN_FIELDS_MAX = 16,
    REQUEST_ARENA_BYTES = 2 * 1024 * 1024, /* the largest answer twice: a batch may be done again */
    PAGE_SIZE_DEFAULT = 100,
    PAGE_SIZE_MAX = 1000,
    RENDERS_MAX = 512,        /* QR codes being drawn at once, half of them for one organization */
    RETRY_MISMATCHES_MAX = 5, /* other contents under one id, then its answer is gone */
    RETRY_SECONDS = 30,       /* how long a request id gives the first answer again */
};

#endif
