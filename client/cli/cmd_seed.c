/*
 * seed: fixtures for tests, whose secrets everybody knows. So it is careful where they go: the file
 * is checked whole before anything is sent, and all organizations are looked at before the first is
 * changed; one that has users of its own is most likely not a test's.
 */
#include "interrupt.h"
#include "seed_report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file {
    char *text; /* SEED_FILE_BYTES_MAX and one more */
    size_t n;
};

static void file_wipe(struct file *file)
{
    if (file->text)
        explicit_bzero(file->text, file->n);
    free(file->text);
}
#define auto_file CLEANUP(file_wipe) struct file

static bool fill(int fd, struct file *ret)
{
    ssize_t got = 1;

    while (got != 0 && ret->n <= SEED_FILE_BYTES_MAX) {
        got = read(fd, ret->text + ret->n, SEED_FILE_BYTES_MAX + 1 - ret->n);
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            ret->n += (size_t)got;
    }
    return true;
}

static enum exit_code load(const char *path, struct file *ret)
{
    bool standard_input = strcmp(path, "-") == 0, good;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int why;

    if (fd < 0)
        return output_usage("%s cannot be opened: %s", path, strerror(errno));
    ret->text = malloc(SEED_FILE_BYTES_MAX + 1);
    good = ret->text && fill(fd, ret);
    why = errno;
    if (!standard_input)
        close(fd);
    if (!ret->text)
        return output_usage("memory is short");
    if (!good)
        return output_usage("%s cannot be read: %s", path, strerror(why));
    if (ret->n > SEED_FILE_BYTES_MAX)
        return output_usage("%s is larger than 16 MiB; for many users see: twofold import --help",
                            path);
    return EXIT_YES;
}

static enum exit_code read_plan(struct seed_run *run)
{
    struct seed_mistakes mistakes = {0};
    const char *path = run->cli->args.operands[0];
    auto_file file = {0};
    enum exit_code code = load(path, &file);

    run->file = strcmp(path, "-") == 0 ? "standard input" : path;
    if (code != EXIT_YES)
        return code;
    switch (seed_plan_read(file.text, file.n, &run->plan, &mistakes)) {
    case SEED_GOOD:
        return EXIT_YES;
    case SEED_OUT_OF_MEMORY:
        return output_usage("memory is short");
    case SEED_MISTAKEN:
        break;
    }
    seed_mistakes_print(stderr, run->file, &mistakes);
    return output_usage("nothing was sent");
}

static enum exit_code refuse_strangers(const struct seed_run *run)
{
    bool strange = false;

    for (size_t i = 0; i < run->plan.n_orgs; i++) {
        const struct seed_org *org = &run->plan.orgs[i];

        if (org->strangers == 0)
            continue;
        strange = true;
        output_usage("organization %s has %" PRIu64 " %s not in the file", org->name,
                     org->strangers, org->strangers == 1 ? "user who is" : "users who are");
    }
    if (!strange || run->cli->args.test_secrets)
        return EXIT_YES;
    return output_usage("nothing was changed: everybody may know these secrets. If they are to be "
                        "there nevertheless: --i-know-these-are-test-secrets");
}

static enum exit_code look(struct seed_run *run)
{
    enum exit_code code = EXIT_YES;

    for (size_t i = 0; i < run->plan.n_orgs && code == EXIT_YES && !interrupted(); i++) {
        code = seed_look(run, &run->plan.orgs[i]);
        run->n_users += run->plan.orgs[i].n_users;
    }
    if (code != EXIT_YES)
        return code;
    if (!interrupted())
        return refuse_strangers(run);
    fputs("twofold: interrupted; nothing was changed\n", stderr);
    return EXIT_DENIED;
}

static enum exit_code end_early(enum exit_code code)
{
    fprintf(stderr,
            "twofold: %s\n  to go on, run the same command again: who is there already is "
            "passed over\n",
            code == EXIT_YES ? "interrupted" : "given up");
    return code == EXIT_YES ? EXIT_DENIED : code;
}

static enum exit_code send(struct seed_run *run)
{
    enum exit_code code = EXIT_YES;
    bool refused = false;

    progress_begin(&run->progress, "users", run->n_users);
    for (size_t i = 0; i < run->plan.n_orgs && code == EXIT_YES && !interrupted(); i++) {
        struct seed_org *org = &run->plan.orgs[i];
        struct seed_sums sums;

        code = seed_send(run, org, &sums);
        progress_end(&run->progress);
        seed_report(run, org, &sums);
        if (code == EXIT_YES && !run->cli->args.replace)
            seed_report_others(org);
        refused |= sums.refused > 0;
    }
    if (code != EXIT_YES || interrupted())
        return end_early(code);
    return refused ? EXIT_DENIED : EXIT_YES;
}

static enum exit_code show(const struct seed_run *run)
{
    for (size_t i = 0; i < run->plan.n_orgs; i++)
        seed_report_dry(run, &run->plan.orgs[i]);
    return EXIT_YES;
}

enum exit_code cmd_seed(struct cli *cli)
{
    struct seed_run run = {.cli = cli};
    enum exit_code code = read_plan(&run);

    if (code == EXIT_YES && cli->args.dry_run)
        code = show(&run);
    else if (code == EXIT_YES) {
        interrupt_catch();
        code = look(&run);
        if (code == EXIT_YES)
            code = send(&run);
    }
    seed_plan_free(&run.plan);
    return code;
}
