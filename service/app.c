#include "app.h"

#include "app_audit.h"
#include "app_health.h"
#include "bus_settings.h"
#include "confine.h"
#include "crypto/keyring.h"
#include "crypto/keyring_edit.h"
#include "crypto/random.h"
#include "rpc/error_wire.h"
#include "rpc/route.h"
#include "rpc/side_pool.h"
#include "serve.h"
#include "store/store_lmdb.h"
#include "transport/discovery.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SUBJECTS "twofold.v1.>"
#define QUEUE "twofold"

struct app {
    const struct config *config;
    atomic_bool stop;
    pthread_t signals;
    struct server *server; /* there before any thread that wakes it */
    struct bus *bus;
    struct keyring *keyring;
    struct store *store;
    struct side_pool *pool;
    struct dispatcher *dispatcher;
    struct app_audit audit;
    struct discovery *discovery;
    char instance[INSTANCE_MAX];
    struct arena *shed_arena;
    struct bus_header shed_headers[2];
    struct bus_shed shed;
    struct discovery_endpoint endpoints[ROUTES_MAX];
    char endpoint_names[ROUTES_MAX][2 * ROUTE_TOKEN_MAX + 2];
    char endpoint_subjects[ROUTES_MAX][2 * ROUTE_TOKEN_MAX + sizeof ROUTE_PREFIX + 4];
    struct app_health health;
    struct discovery_part told[2];
    struct discovery_service service;
};

/* --- Process --- */

/* A core that root forces all the same (gdb's gcore obeys this file, too) then holds no memory of
 * ours: the keyring's pages are left out of any core, and this leaves out stacks, requests and
 * copies inside libraries as well. Written before the process stops being dumpable, for then the
 * file is root's. */
static void empty_core(void)
{
    FILE *file = fopen("/proc/self/coredump_filter", "we");

    if (!file)
        return;
    fputs("0", file);
    fclose(file);
}

/* A file opened while one of the three is closed would get its number, and what is printed would
 * land in it: in the database. */
static void fill_standard_streams(void)
{
    int fd = 0;

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

/* DESIGN rule 15: no core file, and no debugger of another process, may see secrets. */
void app_harden(void)
{
    struct rlimit none = {0, 0};

    fill_standard_streams();

    umask(077);
    empty_core();
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
}

/* A finished hash, a sent event or a signal. */
static void wake(void *ctx)
{
    struct app *a = ctx;

    server_wake(a->server);
}

static void stop_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
}

static void *wait_for_signal(void *ctx)
{
    struct app *a = ctx;
    sigset_t set;
    int received = 0;

    stop_signals(&set);
    sigwait(&set, &received);
    atomic_store(&a->stop, true);
    wake(a);
    return NULL;
}

/* Before any thread starts, so that all of them leave these signals to the one that waits. What
 * comes earlier is kept for it. */
static void hold_signals(void)
{
    sigset_t set;

    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static enum err watch_signals(struct app *a)
{
    return pthread_create(&a->signals, NULL, wait_for_signal, a) == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

static bool keep_trying(void *ctx)
{
    struct app *a = ctx;

    return !atomic_load(&a->stop);
}

/* --- Parts --- */

/* Only the embedded default makes its own keyring, and only where there is no database yet: a lost
 * keyring must be noticed, not replaced. */
static enum err open_keyring(struct app *a, struct diag *diag)
{
    char path[CONFIG_TEXT_MAX + 16];
    bool has_database;

    TRY(store_lmdb_prepare(a->config->data_dir, &has_database, diag));
    config_keyring_path(a->config, path);
    if (!*a->config->keyring_file && !has_database) {
        struct stat st;
        bool is_new = stat(path, &st) != 0;

        TRY(keyring_create(path, diag));
        if (is_new)
            log_at(LOG_INFO,
                   "made a new keyring: keep a copy of it apart from the database, without "
                   "it the database cannot be read",
                   FIELD("file", path));
    }
    return keyring_open(path, &a->keyring, diag);
}

static enum err open_store(struct app *a, struct diag *diag)
{
    struct store_lmdb_options options = {
        .folder = a->config->data_dir,
        .size_mb = a->config->db_size_mb,
        .journal_mb = a->config->journal_mb,
        .keyring = a->keyring,
    };

    return store_lmdb_open(&options, &a->store, diag);
}

static enum err open_dispatcher(struct app *a, struct diag *diag)
{
    const struct config *c = a->config;
    struct side_pool_options pool = {.hash_threads = c->password_threads,
                                     .hash_max = c->password_queue,
                                     .cost = {c->scrypt_ln, c->scrypt_r, c->scrypt_p},
                                     .finished = wake,
                                     .ctx = a};
    struct dispatcher_options options = {.clock = clock_system(),
                                         .password_cost = pool.cost,
                                         .instance = a->instance,
                                         .audit = app_audit_limits(a->config),
                                         .store = a->store,
                                         .keyring = a->keyring};

    diag_set(diag,
             "cannot start the threads for passwords and pictures: out of memory or of threads");
    TRY(side_pool_open(&pool, &a->pool));
    options.pool = a->pool;
    TRY(dispatcher_new(&options, &a->dispatcher));
    diag_set(diag,
             "cannot write to the database in %s: is it full? Raise TWOFOLD_DB_SIZE_MB, or "
             "free space on the disk",
             c->data_dir);
    return dispatcher_start(a->dispatcher);
}

static enum err open_bus(struct app *a, struct diag *diag)
{
    struct bus_options options = bus_settings(a->config);

    return bus_open(&options, keep_trying, a, &a->bus, diag);
}

static enum err open_audit(struct app *a, struct diag *diag)
{
    a->audit.config = a->config;
    a->audit.store = a->store;
    a->audit.keyring = a->keyring;
    a->audit.wake = wake;
    a->audit.ctx = a;
    return app_audit_open(&a->audit, diag);
}

static enum err serve_subjects(struct app *a, struct diag *diag)
{
    static const struct fault nothing = {.n = 0};
    const struct server_parts parts = {
        .bus = a->bus, .dispatcher = a->dispatcher, .publisher = a->audit.publisher};

    a->shed_arena = arena_new(4096);
    if (!a->shed_arena)
        return ERR_UNAVAILABLE;
    a->shed_headers[0] =
        (struct bus_header){"Nats-Service-Error-Code", error_code_text(ERR_EXHAUSTED)};
    a->shed_headers[1] = (struct bus_header){"Nats-Service-Error", err_text(ERR_EXHAUSTED)};
    a->shed.headers = a->shed_headers;
    a->shed.n_headers = ARRAY_LEN(a->shed_headers);
    TRY(error_encode(ERR_EXHAUSTED, &nothing, a->shed_arena, &a->shed.body));
    return server_open(a->server, &parts, SUBJECTS, QUEUE, &a->shed, diag);
}

/* Before any answer is given. */
static void name_health(struct app *a)
{
    a->health.store = a->store;
    a->health.dispatcher = a->dispatcher;
    a->health.server = a->server;
    a->health.stop = &a->stop;
    app_health_name_host(&a->health);
}

static enum err open_discovery(struct app *a, struct diag *diag)
{
    const struct routes *routes = dispatcher_routes(a->dispatcher);
    struct clock clock = clock_system();

    name_health(a);

    for (size_t i = 0; i < routes->n; i++) {
        const struct route *r = &routes->at[i];

        snprintf(a->endpoint_names[i], sizeof a->endpoint_names[i], "%s-%s", r->service, r->name);
        snprintf(a->endpoint_subjects[i], sizeof a->endpoint_subjects[i], ROUTE_PREFIX "*.%s.%s",
                 r->service, r->name);
        a->endpoints[i] = (struct discovery_endpoint){.name = a->endpoint_names[i],
                                                      .subject = a->endpoint_subjects[i],
                                                      .request = r->descriptor->input->name,
                                                      .response = r->descriptor->output->name,
                                                      .stats = &r->stats};
    }
    a->told[0] = (struct discovery_part){"audit", app_audit_data, &a->audit};
    a->told[1] = (struct discovery_part){"health", app_health_data, &a->health};
    a->service = (struct discovery_service){.name = "twofold",
                                            .id = a->instance,
                                            .version = TWOFOLD_VERSION,
                                            .description = "Two-factor authentication",
                                            .queue = QUEUE,
                                            .started_unix_ms = clock_unix_ms(&clock),
                                            .endpoints = a->endpoints,
                                            .n_endpoints = routes->n,
                                            .metadata = app_audit_metadata,
                                            .metadata_ctx = &a->audit,
                                            .data = a->told,
                                            .n_data = ARRAY_LEN(a->told)};
    return discovery_start(a->bus, &a->service, &a->discovery, diag);
}

/* --- Whole --- */

/* Names this process in events, logs and service discovery. */
static enum err name_instance(struct app *a)
{
    uint8_t id[(INSTANCE_MAX - 2) / 2];

    TRY(random_bytes(id, sizeof id));
    hex_encode(id, sizeof id, a->instance);
    return ERR_OK;
}

/* The keyring may have changed with what was tidied. */
static void read_keys(void *ctx)
{
    struct app *a = ctx;

    app_audit_read_keys(&a->audit);
}

static enum err make_server(struct app *a)
{
    const struct server_options options = {.batch_max = a->config->batch_max,
                                           .hash_max = a->config->password_queue + RENDERS_MAX,
                                           .queue_max = a->config->queue_max,
                                           .stop = &a->stop,
                                           .tidied = read_keys,
                                           .ctx = a};

    return server_new(&options, &a->server);
}

/* What can be found wrong without the bus is found before it is waited for. No thread may start
 * before confine(). */
static enum err build(struct app *a, struct diag *diag)
{
    hold_signals();
    TRY(name_instance(a));
    TRY(make_server(a));
    TRY(open_keyring(a, diag));
    TRY(open_store(a, diag));
    TRY(confine(a->config, diag));
    TRY(watch_signals(a));
    TRY(open_bus(a, diag));
    TRY(open_dispatcher(a, diag));
    TRY(open_audit(a, diag));
    TRY(open_discovery(a, diag));
    return serve_subjects(a, diag);
}

static enum err serve_until_stopped(struct app *a)
{
    log_at(LOG_INFO, "serving", FIELD("version", TWOFOLD_VERSION), FIELD("instance", a->instance),
           FIELD("subjects", SUBJECTS), FIELD("bus", a->config->nats_url),
           FIELD("data", a->config->data_dir));
    return server_run(a->server);
}

/* In the order that lets each part still use those it stands on. */
static void take_down(struct app *a, bool store_is_fine)
{
    struct outbox_taken taken;

    if (a->signals) {
        pthread_kill(a->signals, SIGTERM);
        pthread_join(a->signals, NULL);
    }
    taken = app_audit_close(&a->audit);
    if (store_is_fine && a->dispatcher)
        /* What is not marked is sent again at the next start. */
        err_drop(dispatcher_tidy(a->dispatcher, &taken));
    side_pool_close(a->pool);
    bus_close(a->bus);
    app_audit_free(&a->audit);
    server_free(a->server);
    discovery_free(a->discovery);
    dispatcher_free(a->dispatcher);
    arena_free(a->shed_arena);
    store_close(a->store);
    keyring_free(a->keyring);
}

int app_run(const struct config *config)
{
    static struct app app;
    struct diag diag = {.text = "out of memory"};
    enum err err;

    app.config = config;
    log_set_level(config->log_level);
    app_harden();
    err = build(&app, &diag);
    if (err == ERR_OK)
        err = serve_until_stopped(&app);
    else if (!atomic_load(&app.stop))
        log_at(LOG_ERROR, "cannot start", FIELD("why", diag.text));
    else
        err = ERR_OK; /* asked to stop while waiting for the bus */
    take_down(&app, err == ERR_OK);
    if (err == ERR_OK) /* else the last line is the error */
        log_at(LOG_INFO, "stopped");
    return err == ERR_OK ? CONFIG_EXIT_DONE : CONFIG_EXIT_FAILED;
}
