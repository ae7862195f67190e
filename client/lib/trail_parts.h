/* What the parts of a trail share: trail.c reads, trail_find.c makes and finds its reader, and
 * trail_held.c sorts what comes a second time. */
#ifndef TWOFOLD_CLIENT_TRAIL_PARTS_H
#define TWOFOLD_CLIENT_TRAIL_PARTS_H

#include "base/attr.h"
#include "client.h"
#include "js_api.h"

#include <twofold/trail.h>

/* Messages that wait until those before them have come. */
struct held {
    struct mail *first;    /* by key, the sequence in the stream */
    bool gathering;        /* some before them are still to come */
    uint64_t behind, upto; /* those: behind and up to these positions in the stream */
    uint64_t unacked;      /* messages up to UPTO that the server gives again, sooner or later */
    uint64_t unseen;       /* at least as many of them lie behind BEHIND */
    int64_t patience_us, until_us;
    unsigned rounds;
};

/* A request for messages that the server has. */
struct pull {
    bool open, at_once;            /* at_once: of what is there now */
    unsigned number, left, losses; /* left: messages that it may still bring */
    int64_t sent_us, until_us;
};

struct twofold_trail {
    struct twofold_client *client;
    struct js_api api;
    struct mailbox *box;
    char stream[JS_NAME_SIZE], name[JS_NAME_SIZE], filter[JS_FILTER_SIZE];
    struct js_reader reader; /* of these; its begin is where the trail shall begin */
    struct js_consumer found;
    bool begun, lost; /* lost: what was delivered since the last message may have got lost */
    bool is_new;      /* its reader was made, not found */
    unsigned silences;

    uint64_t size;
    uint64_t position;  /* in the stream: of the newest message that was returned */
    uint64_t delivered; /* number of the newest delivery that arrived */
    uint64_t unacked;   /* messages returned since the last acknowledgement */
    uint64_t acked;     /* position that was acknowledged last */
    uint64_t given;     /* position up to which the server, as it is now, knows to have delivered */
    bool remind_later;  /* it forgot ACKED, and that it delivered that far */
    char last_reply[JS_REPLY_SIZE], acked_reply[JS_REPLY_SIZE];

    struct held held;
    struct pull pull;
    struct mail *mail; /* what was returned last */
    Twofold__V1__AuditEvent *event;
};

/* Fills in the trail's names. TWOFOLD_USAGE: OPTIONS are malformed. */
enum twofold_status trail_name(struct twofold_trail *trail,
                               const struct twofold_trail_options *options,
                               struct twofold_error *error);

/* Makes or finds the reader, at first and after every trouble; then begins, or goes on behind the
 * trail's position. */
enum twofold_status trail_find(struct twofold_trail *trail, struct twofold_error *error);

/* MAIL, of POSITION, may be one that the server gave before, and has forgotten: it is acknowledged
 * by its new number. What was acknowledged already is acknowledged again. */
void trail_note_given(struct twofold_trail *trail, const struct mail *mail, uint64_t position);

/* Takes MAIL, whose key is set; a second one of the same key is freed. */
void held_add(struct held *held, struct mail *mail);

/* Starts to gather; WHAT's behind, upto, unacked, unseen and patience_us count. */
void held_gather(struct held *held, const struct held *what);

enum held_state {
    HELD_NOTHING,
    HELD_GATHERING,
    HELD_READY, /* held_take() has one */
    HELD_LATE,  /* not all came in time: ask again what is on its way */
};
enum held_state held_look(struct held *held);

/* The first one. *RET_BEHIND: how many there are behind it. */
struct mail *held_take(struct held *held, uint64_t *ret_behind);

void held_clear(struct held *held);

#endif
