#include "book.h"

#include <inttypes.h>
#include <stdlib.h>

struct book *book_open(const char *path)
{
    struct book *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->file = fopen(path, "a");
    if (!b->file || pthread_mutex_init(&b->lock, NULL) != 0) {
        free(b);
        return NULL;
    }
    return b;
}

/* A line that is not in the book is a proof that is lost: better no result than a wrong one. */
static void written(struct book *b, int n)
{
    if (n < 0 || ferror(b->file)) {
        perror("ledger: cannot write the book");
        exit(2);
    }
    pthread_mutex_unlock(&b->lock);
}

void book_write(struct book *b, const struct entry *e)
{
    const char slot[2] = {e->slot, '\0'};

    pthread_mutex_lock(&b->lock);
    written(b, fprintf(b->file,
                       "{\"request_id\":\"%s\",\"client\":%u,\"org\":\"%s\",\"username\":\"%s\","
                       "\"method\":\"%s\",\"kind\":\"%s\",\"step\":%" PRId64 ",\"set\":%u,"
                       "\"slot\":\"%s\",\"sent_ms\":%" PRId64 ",\"done_ms\":%" PRId64
                       ",\"tries\":%u,\"answer\":\"%s\",\"detail\":\"%s\"}\n",
                       e->request_id, e->client, e->org, e->username, e->method, e->kind, e->step,
                       e->set, slot, e->sent_ms, e->done_ms, e->tries, e->answer, e->detail));
}

void book_write_standing(struct book *b, const struct standing *s)
{
    pthread_mutex_lock(&b->lock);
    written(b, fprintf(b->file,
                       "{\"org\":\"%s\",\"username\":\"%s\",\"state\":\"%s\","
                       "\"recovery_codes_left\":%d,\"last_used_s\":%" PRId64 "}\n",
                       s->org, s->username, s->state, s->recovery_codes_left, s->last_used_s));
}

bool book_close(struct book *b)
{
    bool ok = fclose(b->file) == 0;

    pthread_mutex_destroy(&b->lock);
    free(b);
    return ok;
}
