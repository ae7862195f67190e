#include "mailbox.h"

#include "error.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Never reached by what was asked for: what is dropped is a flood of somebody else's. */
enum { MAIL_MAX = 16384 };

struct mailbox {
    struct conn_sub *sub;
    char id[TWOFOLD_REQUEST_ID_SIZE];

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct mail *first, **last;
    unsigned n;
};

static char *append(char **at, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = memcpy(*at, text, n);

    *at += n;
    return copy;
}

/* NULL when memory is short: then it is a message that was lost on the way. */
static struct mail *copy_message(const struct conn_message *m)
{
    const char *reply = m->reply ? m->reply : "";
    struct mail *mail = malloc(sizeof *mail + m->n + strlen(m->subject) + strlen(reply) + 2);
    char *text;

    if (!mail)
        return NULL;
    *mail = (struct mail){.n = m->n, .status = m->no_responders ? 503 : 0};
    if (m->status && !m->no_responders)
        mail->status = (int)strtol(m->status, NULL, 10);
    if (m->n > 0)
        memcpy(mail->data, m->data, m->n);
    text = (char *)mail->data + m->n;
    mail->subject = append(&text, m->subject);
    mail->reply = append(&text, reply);
    mail->tail = mail->subject + (m->tail - m->subject);
    return mail;
}

static void on_message(const struct conn_message *message, void *ctx)
{
    struct mailbox *box = ctx;
    struct mail *mail = copy_message(message);

    if (!mail)
        return;
    pthread_mutex_lock(&box->lock);
    if (box->n < MAIL_MAX) {
        *box->last = mail;
        box->last = &mail->next;
        box->n++;
        mail = NULL;
    }
    pthread_cond_signal(&box->changed);
    pthread_mutex_unlock(&box->lock);
    free(mail);
}

enum twofold_status mailbox_open(struct conn *conn, struct mailbox **ret_box,
                                 struct twofold_error *error)
{
    struct mailbox *box = calloc(1, sizeof *box);
    char tail[MAILBOX_TAIL_SIZE], subject[CONN_SUBJECT_SIZE];
    pthread_condattr_t monotonic;
    enum twofold_status status;

    if (!box)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&box->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&box->lock, NULL);
    box->last = &box->first;
    twofold_request_id(box->id);
    mailbox_tail(box, "*", tail);
    conn_inbox(conn, tail, subject);
    status = conn_subscribe(conn, subject, &(struct conn_events){.answer = on_message, .ctx = box},
                            &box->sub, error);
    if (status == TWOFOLD_OK)
        *ret_box = box;
    else
        mailbox_close(box);
    return status;
}

void mailbox_close(struct mailbox *box)
{
    if (!box)
        return;
    conn_unsubscribe(box->sub);
    while (box->first) {
        struct mail *next = box->first->next;

        free(box->first);
        box->first = next;
    }
    pthread_cond_destroy(&box->changed);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

/* Two tokens more than the inbox of calls has: it is not theirs. */
void mailbox_tail(const struct mailbox *box, const char *tail, char ret_tail[MAILBOX_TAIL_SIZE])
{
    snprintf(ret_tail, MAILBOX_TAIL_SIZE, "%s.%s", box->id, tail);
}

struct mail *mailbox_take(struct mailbox *box, int64_t deadline_us)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_us / 1000000),
                             .tv_nsec = deadline_us % 1000000 * 1000};
    struct mail *mail;
    int timed_out = 0;

    pthread_mutex_lock(&box->lock);
    while (!box->first && timed_out == 0)
        timed_out = pthread_cond_timedwait(&box->changed, &box->lock, &until);
    mail = box->first;
    if (mail) {
        box->first = mail->next;
        if (!box->first)
            box->last = &box->first;
        box->n--;
        mail->next = NULL;
    }
    pthread_mutex_unlock(&box->lock);
    return mail;
}
