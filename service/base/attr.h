/*
 * Compiler attributes, and the two macros that carry the error and ownership style:
 * TRY forwards an error, STEAL hands an owned pointer out of its auto_ variable.
 */
#ifndef TWOFOLD_BASE_ATTR_H
#define TWOFOLD_BASE_ATTR_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define CLEANUP(f) __attribute__((cleanup(f)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Is this a build with AddressSanitizer or ThreadSanitizer? They need more of the kernel than the
 * service does. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Forwards any error of CALL (an enum err) to the caller. Owners are auto_ variables, so leaving
 * early frees and wipes. */
#define TRY(call)                   \
    do {                            \
        enum err try_err_ = (call); \
        if (try_err_ != ERR_OK)     \
            return try_err_;        \
    } while (0)

/* Moves ownership out of P: yields its value and leaves NULL behind. */
#define STEAL(p)                     \
    __extension__({                  \
        __typeof__(p) stolen_ = (p); \
        (p) = NULL;                  \
        stolen_;                     \
    })

/* Declares the function that a cleanup attribute on a `TYPE *` variable calls. */
#define DEFINE_CLEANUP(type, free_function)       \
    static inline void free_function##p(type **p) \
    {                                             \
        free_function(*p);                        \
    }                                             \
    struct cleanup_needs_a_semicolon_

#endif
