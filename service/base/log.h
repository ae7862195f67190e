/*
 * Structured lines on stderr, logfmt: time=... level=... msg="..." key=value ...
 *
 * Fields go through _Generic over text and integers; a struct secret or an otp_code has no entry,
 * so logging one does not compile. Values are quoted and control characters escaped, so that no
 * input can forge a line. Only the shell (main, app, transport, audit) logs; the core and the
 * adapters return errors.
 */
#ifndef TWOFOLD_BASE_LOG_H
#define TWOFOLD_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *key;
    enum { LOG_TEXT, LOG_SIGNED, LOG_UNSIGNED } kind;
    union {
        const char *text; /* NULL is written as an empty value */
        int64_t i;
        uint64_t u;
    } value;
};

static inline struct log_field log_field_text(const char *key, const char *v)
{
    return (struct log_field){.key = key, .kind = LOG_TEXT, .value.text = v};
}
static inline struct log_field log_field_signed(const char *key, int64_t v)
{
    return (struct log_field){.key = key, .kind = LOG_SIGNED, .value.i = v};
}
static inline struct log_field log_field_unsigned(const char *key, uint64_t v)
{
    return (struct log_field){.key = key, .kind = LOG_UNSIGNED, .value.u = v};
}

#define FIELD(key, v) \
    _Generic((v),                                                                                  \
        char *: log_field_text,                                                                    \
        const char *: log_field_text,                                                              \
        short: log_field_signed,                                                                   \
        int: log_field_signed,                                                                     \
        long: log_field_signed,                                                                    \
        long long: log_field_signed,                                                               \
        unsigned short: log_field_unsigned,                                                        \
        unsigned: log_field_unsigned,                                                              \
        unsigned long: log_field_unsigned,                                                         \
        unsigned long long: log_field_unsigned)(key, v)

/* Lines below this level are not written. Set once at start, before threads. */
void log_set_level(enum log_level level);

/* Writes one line, in one write(2). */
void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n);

/* log_at(LOG_INFO, "serving", FIELD("subject", s), FIELD("workers", n)); */
#define log_at(level, ...) LOG_AT_(level, __VA_ARGS__, log_field_text(NULL, NULL))
#define LOG_AT_(level, msg, ...)                                   \
    log_write(level, msg, (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field) - 1)

#endif
