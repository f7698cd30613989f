/*
 * A job from its start to its end, and its parts in the order in which they are called, a file
 * each. All are collective unless said: every rank calls them. Of run and curate.
 */
#ifndef LENSWEEP_CLI_RUN_SESSION_H
#define LENSWEEP_CLI_RUN_SESSION_H

#include "cli/job.h"
#include "cli/option.h"
#include "cli/run/progress.h"
#include "cli/run/runlog.h"

#include "cluster/cluster.h"
#include "results/journal.h"
#include "results/lock.h"

struct session {
    struct cluster cluster;
    struct campaign campaign;
    struct job_options options;
    size_t which;       /* of the config's results */
    struct buf command; /* text: as typed */
    struct buf again;   /* the command that goes on with it */
    int threads;        /* of this rank */
    bool broadcast;     /* rank 0 has read the weights for all */
    /* Rank 0, when the work is over: writes what is its end, or keeps what is there and says what
       is to do next; after an error (in err already) it keeps what it can. */
    int (*finish)(struct session *r, bool finished, struct err *err);
    struct arena arena;
    char *journal_dir, *manifest, *result, *cache, *lock_path;
    struct lock lock;
    struct err lost; /* the lock: why no more units are handed out */
    struct journal *journal;
    struct journal_stats found;
    double begin, last_sync;
    double stop_begin; /* since when others are only waited for; 0 = units are handed out */
    bool stop_said;
    bool ended;  /* how it ends is settled: others may still be waited for */
    int outcome; /* then: the status */
    struct progress_view view;
    unsigned char *bad;  /* (queries) counted in the view */
    unsigned char *todo; /* (units) to do here; n_todo of them */
    size_t n_todo;
    struct runlog log;
    uint64_t planned, counted, full; /* FLOP of all ranks: as planned, as done, without forking */
};

/* session.c, what a run and a curation do alike (a struct whose first member is the session serves
   as one). */

/* Words of the command, signals, and the ranks with whom rank 0 does not wait for ever. After an
   error there is no cluster to be closed. */
int session_begin(struct session *r, const struct call *call, struct err *err);
void session_end(struct session *r);
/* Have all ranks come so far? Problems that rank 0 has too are told by it. */
int session_problems(struct session *r, struct problems *problems, struct err *err);
/* Every byte of the model is hashed once on each node, unless all its ranks know the model. */
int session_identify(struct session *r, struct model *m, bool known, struct err *err);
/* Are the keys of n units the same on all ranks? `mend`: as in cluster_same. */
int session_same_work(struct session *r, struct hash (*key)(void *ctx, size_t unit), void *ctx,
                      size_t n, const char *mend, struct err *err);
/* Rank 0: the output directory with its lock; then its journal, and config.yaml in it. */
int session_take_output(struct session *r, const char *out, struct err *err);
int session_open_journal(struct session *r, const struct config *config, struct err *err);
/* Rank 0: syncs the journal if that was long ago. For struct job: keeps the lock, shows
   progress. */
int session_sync(struct session *r, struct err *err);
void session_tick(void *session, const struct progress *p);
/* Rank 0: r->finish, once: a second call does nothing. */
int session_finish(struct session *r, bool finished, struct err *err);
/* Rank 0, of a journal that is synced: how many units are done, and what to type. ERR_STOPPED. */
int session_stopped(struct session *r, struct err *err);
/* Tells the error and frees what is in the session but for cluster, campaign and log. */
int session_close(struct session *r, struct err *err);

/* start.c: config, data and model, on which all ranks agree. */
int start_campaign(struct session *r, struct err *err);

/* The engine, the output directory (rank 0), and what the experiments need beside it. */
int start_work(struct session *r, struct err *err);

/* claim.c, rank 0: takes the output directory with its lock, and opens the journal in it. */
int claim_paths(struct session *r, struct err *err);
int claim_output(struct session *r, struct err *err);

/* stop.c, for struct job: no more units are handed out after a signal, without the lock, or when
   what is left of run.max_time is needed to finish those in flight. */
bool session_must_stop(void *session);

/* For struct job: these ranks have not finished their units. For struct cluster: rank 0 waits for
   others outside the work. After a stop or an error both end all ranks when that takes
   longer than run.grace (outside the work 10 s at least): ranks that do not answer cannot agree on
   anything any more. */
void session_overdue(void *session, const char *ranks, const struct err *why);
bool session_waiting(void *session, const struct err *why);
void session_leave(void *session, const char *ranks, const struct err *why);

/* distribute.c: which units are to be done here, bundled; then all ranks do them. *finished: all of
   them are done. */
int list_todo(struct session *r, struct err *err);
int distribute(struct session *r, bool *finished, struct err *err);

/* header.c, rank 0: what is going to be done, in words, on stderr. */
int header_print(const struct session *r, struct err *err);

/* finish.c: r->finish of a run. */
int run_finish(struct session *r, bool finished, struct err *err);

#endif
