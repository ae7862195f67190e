#include "base/secret.h"

void wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}

void secret_wipe(struct secret *s)
{
    wipe(s, sizeof *s);
}
