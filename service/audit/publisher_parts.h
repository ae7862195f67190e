/*
 * Private to publisher*.c: the thread, its lock and its bus (publisher.c), which way the events go
 * (publisher_way.c), the way into the stream (publisher_run.c), the plain one (publisher_plain.c),
 * how fast (publisher_pace.c).
 */
#ifndef TWOFOLD_AUDIT_PUBLISHER_PARTS_H
#define TWOFOLD_AUDIT_PUBLISHER_PARTS_H

#include "audit/backlog.h"
#include "audit/cloudevent.h"
#include "audit/publisher.h"
#include "base/arena.h"
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    BATCH_MAX = 512,           /* events read at once */
    BATCH_BYTES = 1024 * 1024, /* a signed checkpoint over 500 long names takes 150 KiB */
    FLUSH_MS = 2000,
    LOOK_MS = 2000,
};

/* What a step of the thread came to; how long it rests after it depends on that. */
enum step { STEP_SENT, STEP_EMPTY, STEP_PACED, STEP_NOT_OURS, STEP_FAILED, STEP_REFUSED };

/* An event that was handed to the bus. */
struct flight {
    uint64_t position, sequence;
    size_t bytes;
    bool silent; /* it asked for no answer: the next one's tells */
    bool answered, kept;
};

/* Why a run ends. */
enum trouble { TROUBLE_NONE, TROUBLE_AWAY, TROUBLE_TURN, TROUBLE_NOBODY, TROUBLE_REFUSED };

/* A run: events one behind the other, each expecting the one before it to be the stream's newest.
 * It ends at the first trouble, when all that is in flight was answered, or was lost. */
struct run {
    struct flight at[STREAM_WINDOW_MAX]; /* by position */
    size_t n, bytes;
    uint64_t read_after;
    char last_id[CLOUDEVENT_ID_MAX + 1]; /* "": the next one is the first */
    bool proven;                         /* the stream has kept one: the window is open */
    size_t silent;                       /* at the end of it, that asked for no answer */
    bool again;                          /* what the stream has kept last it had before */
    int64_t heard_ms;                    /* last answer; or when something was sent after none */
    enum trouble trouble;
    char detail[STREAM_DETAIL_BYTES];
};

/* Events that were read and are next; good until anything else is read. */
struct ahead {
    struct outbox_entry at[BATCH_MAX];
    size_t n, next;
};

/* How many events may go. */
struct pace {
    int64_t since_ms, looked_ms;
    uint64_t a_second, room;
};

/* What was logged last about something, and when. */
struct said {
    char text[STREAM_DETAIL_BYTES + 64];
    int64_t ms;
};

struct publisher {
    struct publisher_options options;
    pthread_t thread;
    _Atomic uint64_t resent;
    _Atomic int way; /* enum publisher_way */

    /* of the thread alone */
    struct bus *bus;
    struct stream *stream;
    uint64_t renewals; /* of the bus, as last seen */
    int lock_fd;
    bool holds_lock;
    struct arena *batch;
    struct ahead ahead;
    struct pace pace;
    struct outbox_taken taken, peak; /* so far; the farthest ever */
    bool ever_in_stream;
    uint64_t highest_sent;
    uint64_t told_position; /* at the last progress */
    int64_t told_ms;
    struct run run;
    bool blind;           /* the login may not look for the stream */
    int64_t look_ms;      /* when to look again */
    int64_t unordered_ms; /* another writer shares the stream: one at a time until then */
    struct said about_way, about_trouble;
    struct backlog_watch watch;

    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t changed;
    bool stopping;
    atomic_bool nudged, waits; /* also without it: see publisher_nudge */
    int64_t stop_by_ms;
    struct outbox_taken reported;
};

/* ---- publisher.c ---- */

int64_t publisher_now_ms(void);

/* Milliseconds that a step may still take, at most MOST_MS. */
int publisher_time_left(struct publisher *p, int most_ms);

/* Everything up to TAKEN is on the bus: reports it unless more was reported already. */
void publisher_advance(struct publisher *p, const struct outbox_taken *taken);

/* Reads what follows position AFTER into ENTRIES, at most MAX; STEP_EMPTY when there is nothing. */
enum step publisher_read(struct publisher *p, uint64_t after, struct outbox_entry *entries,
                         size_t max, size_t *ret_n);

/* The message for ENTRY; false for one that can never be sent: said, to be skipped. */
bool publisher_message(const struct outbox_entry *entry, struct cloudevent *ret);

/* Says that the event at POSITION can never be sent. */
void publisher_give_up(uint64_t position, const char *why);

/* Counts an event that is being sent. */
void publisher_count(struct publisher *p, uint64_t position);

/* Has the server refused a publication? Then says so and drops the connection, so that on a new one
 * the next refusal is told from this one. */
bool publisher_was_refused(struct publisher *p);

void publisher_drop_bus(struct publisher *p);

bool publisher_is_stopping(struct publisher *p);

/* ---- publisher_pace.c ---- */

/* How many of WANTED events may go now: 0, or so many that it is worth while. */
size_t pace_room(struct publisher *p, size_t wanted);

/* N have gone. */
void pace_spend(struct publisher *p, size_t n);

/* ---- publisher_way.c ---- */

/* Decides how events leave, if that is due. STEP_SENT: they go; else they wait. */
enum step way_decide(struct publisher *p);

/* To be decided before the next event is sent. */
void way_open(struct publisher *p);

/* Logs MSG with DETAIL, unless it was the last that was said about it less than ten minutes ago. */
void way_say(struct publisher *p, struct said *about, enum log_level level, const char *msg,
             const char *detail);

/* Nobody has taken a first event, and it cannot be known why: plain, or held. */
enum step way_nobody(struct publisher *p);

/* ---- publisher_recall.c ---- */

/* The newest event behind position AFTER that the stream, whose newest number is LAST_SEQUENCE, is
 * found to have. False when none is found, or the login may not read. */
bool recall_newest(struct publisher *p, uint64_t last_sequence, uint64_t after,
                   struct outbox_taken *ret);

/* ---- publisher_run.c, publisher_plain.c ---- */

void run_begin(struct publisher *p);
enum step run_step(struct publisher *p);
enum step plain_step(struct publisher *p);

#endif
