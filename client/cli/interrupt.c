#include "interrupt.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>

static sem_t raised; /* what a signal handler may post */

static void on_signal(int number)
{
    (void)number;
    sem_post(&raised);
}

void interrupt_catch(void)
{
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

    sem_init(&raised, 0, 0);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void interrupt_raise(void)
{
    sem_post(&raised);
}

bool interrupted(void)
{
    int n = 0;

    return sem_getvalue(&raised, &n) == 0 && n > 0;
}

void interrupt_wait(void)
{
    while (sem_wait(&raised) != 0 && errno == EINTR)
        continue;
}
