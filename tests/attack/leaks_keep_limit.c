/*
 * Preloaded into a process whose core is wanted: what it does about its own core limit does
 * nothing. So only the rest of its defence is left, PR_SET_DUMPABLE, which no limit raised by root
 * undoes.
 */
#include <stddef.h>
#include <sys/resource.h>

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    return resource == RLIMIT_CORE ? 0 : prlimit(0, resource, limits, NULL);
}
