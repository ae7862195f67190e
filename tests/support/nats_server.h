/*
 * A real nats-server for a test: on a free loopback port, with its files in a folder of its own,
 * gone with the test process whatever happens. Every function fails the test when it cannot do what
 * it says.
 */
#ifndef TWOFOLD_TESTS_SUPPORT_NATS_SERVER_H
#define TWOFOLD_TESTS_SUPPORT_NATS_SERVER_H

#include <sys/types.h>

struct nats_server {
    char folder[64]; /* exists until nats_server_stop: the test may keep files there */
    char url[64];    /* nats://127.0.0.1:<port>, or tls:// when the configuration has TLS */
    int port;
    pid_t pid;
};

/* Starts one and waits until it accepts. EXTRA_CONFIG is the text of a configuration without
 * listen address; NULL or "" for none. JetStream keeps its files over kill9 and restart when asked
 * for by NATS_SERVER_JETSTREAM. */
struct nats_server nats_server_start(const char *extra_config);

/* A line for the configuration; the folder is relative to the server's own. */
#define NATS_SERVER_JETSTREAM "jetstream { store_dir: jetstream }\n"

/* Ends it in an orderly way and removes its folder. */
void nats_server_stop(struct nats_server *s);

/* Stops it (SIGSTOP), and returns when it has stopped: a signal that was sent is not yet one that
 * was obeyed. Its connections stay. */
void nats_server_freeze(const struct nats_server *s);
void nats_server_thaw(const struct nats_server *s);

/* Ends it without a chance to say goodbye. */
void nats_server_kill9(struct nats_server *s);

/* Starts it again on the same port with the same files, after kill9. EXTRA_CONFIG as for start;
 * NULL keeps the configuration. */
void nats_server_restart(struct nats_server *s, const char *extra_config);

/* Has it read a new configuration while it runs (SIGHUP). */
void nats_server_reload(struct nats_server *s, const char *extra_config);

/* The path of a file in its folder; RET holds 128 bytes. */
void nats_server_path(const struct nats_server *s, const char *name, char ret_path[static 128]);

#endif
