/* What a run and a curation do alike. */
#include "cli/run/session.h"
#include "cli/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/outdir.h"
#include "base/signals.h"
#include "base/str.h"
#include "base/writer.h"
#include "config/config.h"
#include "model/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "lensweep run ..." for a shell. again: what goes on with it, which forgets nothing. */
static int join(const struct call *call, bool again, struct buf *b, struct err *err)
{
    buf_puts(b, "lensweep", err);
    for (int i = 0; i < call->argc && !err->code; i++) {
        const char *word = call->argv[i];

        if (again && strlen(word) > 2 && str_begins("--restart", word)) /* or a part of it */
            continue;
        if (!buf_puts(b, " ", err))
            buf_word(b, word, err);
    }
    return buf_str(b, err) ? 0 : err->code;
}

int session_begin(struct session *r, const struct call *call, struct err *err)
{
    enum { MPI_NEEDS = 256 << 20 }; /* bytes; with less it crashes while it starts */

    r->begin = clock_seconds();
    if (join(call, false, &r->command, err) || join(call, true, &r->again, err))
        return err->code;
    signals_catch();
    if (memory_check_space(MPI_NEEDS, "a rank", err) || cluster_init(&r->cluster, err))
        return err->code;
    if (r->cluster.rank == 0) {
        r->cluster.waiting = session_waiting;
        r->cluster.leave = session_leave;
        r->cluster.waiting_ctx = r;
    }
    return 0;
}

void session_end(struct session *r)
{
    buf_release(&r->command);
    buf_release(&r->again);
}

int session_problems(struct session *r, struct problems *problems, struct err *err)
{
    const struct problem *first = problems->item;

    if (!err->code && problems->count) {
        if (r->cluster.rank == 0)
            report_problems(problems, err);
        else /* in the one line that an error has */
            err_set(err, ERR_CONFIG, "%s: %s (%d %s); nothing was run", first->where, first->msg,
                    problems->count, str_noun(problems->count, "problem", "problems"));
    }
    return cluster_agree(&r->cluster, err);
}

/* Its ranks share the blocks, each adds zero to those of the others. */
static int hash_model(struct session *r, struct model *m, struct err *err)
{
    struct cluster *c = &r->cluster;
    struct hash_share share = {(size_t)c->node_rank, (size_t)c->node_size, r->threads};
    size_t n = identity_blocks(m);
    struct hash *block = mem_alloc(n, sizeof *block, err);

    if (!cluster_agree(c, err)) {
        identity_hash(m, share, block, err);
        cluster_node_sums(c, (uint64_t *)block, 2 * n);
        if (!cluster_agree(c, err))
            identity_set(m, block, err);
    }
    mem_free(block);
    return err->code;
}

int session_identify(struct session *r, struct model *m, bool known, struct err *err)
{
    if (cluster_agree(&r->cluster, err) ||
        cluster_node_sum(&r->cluster, known) == (uint64_t)r->cluster.node_size)
        return err->code;
    return hash_model(r, m, err);
}

int session_same_work(struct session *r, struct hash (*key)(void *ctx, size_t unit), void *ctx,
                      size_t n, const char *mend, struct err *err)
{
    char hex[HASH_HEX];
    struct buf keys = {0};

    for (size_t i = 0; i < n && !err->code; i++)
        buf_hash(&keys, key(ctx, i), err);
    hash_hex(hex, hash_bytes(keys.len ? keys.data : "", keys.len));
    buf_release(&keys);
    return err_if(err, cluster_agree(&r->cluster, err) ||
                           cluster_same(&r->cluster, "the work", hex, mend, err));
}

/* What stands where a run writes, although none has begun there, is somebody's own: such as the
   very config that is read, with `output: .` */
static int check_foreign(struct session *r, const char *out, struct err *err)
{
    static const char *const name[] = {OUTDIR_CONFIG, OUTDIR_RESULT};
    const char *manifest = file_join(&r->arena, out, OUTDIR_MANIFEST, err);

    for (size_t i = 0; i < sizeof name / sizeof *name && !err->code; i++) {
        const char *path = file_join(&r->arena, out, name[i], err);

        if (path && file_exists(path) && !file_is_dir(path) && !file_is_dir(r->journal_dir) &&
            !file_exists(manifest))
            err_set(err, ERR_CONFIG,
                    "%s would be overwritten, and no run has begun in %s: name another output, or "
                    "move the file",
                    path, out);
    }
    return err->code;
}

int session_take_output(struct session *r, const char *out, struct err *err)
{
    return err_if(err, check_foreign(r, out, err) || file_make_dirs(r->journal_dir, err) ||
                           lock_take(&r->lock, r->lock_path, r->cluster.size, err) ||
                           file_sweep(out, err));
}

int session_open_journal(struct session *r, const struct config *config, struct err *err)
{
    struct buf text = {0};
    char *path = file_join(&r->arena, config->output, OUTDIR_CONFIG, err);
    int code = !path || journal_open(&r->journal, r->journal_dir, &r->found, err) ||
               config_print_anywhere(config, &text, err) ||
               file_replace(path, text.data, text.len, err);

    buf_release(&text);
    return err_if(err, code);
}

int session_sync(struct session *r, struct err *err)
{
    double now = clock_seconds();

    if (now - r->last_sync < 5)
        return 0;
    r->last_sync = now;
    return journal_sync(r->journal, err);
}

void session_tick(void *session, const struct progress *p)
{
    struct session *r = session;

    if (!r->lost.code)
        lock_touch(&r->lock, &r->lost);
    progress_show(&r->view, p);
}

/* The launcher is not seen from here: it is guessed. */
static void print_next(const struct session *r)
{
    fprintf(stderr, "  next    ");
    if (r->cluster.size > 1)
        fprintf(stderr, "%s -n %d ", getenv("SLURM_JOB_ID") ? "srun" : "mpirun", r->cluster.size);
    fprintf(stderr, "%s\n", r->again.data);
}

int session_finish(struct session *r, bool finished, struct err *err)
{
    if (r->ended)
        return err->code;
    r->ended = true;
    return r->finish(r, finished, err);
}

int session_stopped(struct session *r, struct err *err)
{
    if (r->lost.code)
        return *err = r->lost, err->code;
    if (r->view.bad)
        fprintf(stderr, "  bad     %zu bad %s so far\n", r->view.bad,
                str_noun(r->view.bad, "query", "queries"));
    print_next(r);
    return err_set(err, ERR_STOPPED,
                   "stopped %s: %zu of %zu %s done and kept; run the same command again%s",
                   signals_came() ? "by a signal" : "at run.max_time",
                   r->view.units_done + r->view.units_before, r->view.units,
                   str_noun(r->view.units, "unit is", "units are"),
                   r->options.restart ? " without --restart" : "");
}

int session_close(struct session *r, struct err *err)
{
    if (r->cluster.rank == 0)
        report_error(err);
    err->msg[0] = '\0';
    r->ended = true;
    r->outcome = err->code;
    cluster_barrier(&r->cluster); /* a rank that exits first makes mpirun end the others */
    lock_release(&r->lock);
    journal_close(r->journal);
    arena_release(&r->arena);
    return err->code;
}
