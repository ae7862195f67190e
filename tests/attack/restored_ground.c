#include "attack/restored_ground.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int ground_set_up(void **state)
{
    struct ground *g = calloc(1, sizeof *g);

    assert_non_null(g);
    service_start(&g->s);
    snprintf(g->backup, sizeof g->backup, "%s.backup", g->s.folder);
    *state = g;
    return 0;
}

int ground_tear_down(void **state)
{
    struct ground *g = *state;

    service_stop(&g->s);
    remove_tree(g->backup);
    free(g);
    return 0;
}

void take_backup(struct ground *g)
{
    const struct backup_job job = {.folder = g->s.folder,
                                   .size_mb = g->s.size_mb,
                                   .to = g->backup,
                                   .now_s = g->s.now_ms / 1000};
    struct backup_facts facts;
    struct diag diag = {.text = ""};

    service_close(&g->s);
    assert_int_equal(mkdir(g->backup, 0700), 0);
    if (backup_write(&job, &facts, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    service_open(&g->s);
}

void lose_database(struct service *s)
{
    service_close(s);
    remove_tree(s->folder);
}

enum err run_restore(struct ground *g, bool keep_recovery_codes,
                     const struct work_progress *progress, struct restored_report *ret)
{
    struct diag diag = {.text = ""};
    auto_keyring *keyring = NULL;
    struct restoring r = {.backup = g->backup,
                          .data_dir = g->s.folder,
                          .size_mb = g->s.size_mb,
                          .now_ms = g->s.now_ms,
                          .keep_recovery_codes = keep_recovery_codes,
                          .progress = progress};
    enum err err;

    assert_int_equal(keyring_open(g->s.keyring_file, &keyring, &diag), ERR_OK);
    r.keyring = keyring;
    r.keyring_path = g->s.keyring_file;
    err = restoring_run(&r, ret, &diag);
    if (err != ERR_OK)
        print_message("%s\n", diag.text);
    return err;
}

struct restored_report restore(struct ground *g, bool keep_recovery_codes)
{
    const struct work_progress nobody = {.call = NULL};
    struct restored_report report = {0};

    lose_database(&g->s);
    assert_int_equal(run_restore(g, keep_recovery_codes, &nobody, &report), ERR_OK);
    service_open(&g->s);
    return report;
}
