#include "cli/run/runlog.h"

#include "base/blas.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/isa.h"
#include "base/json.h"
#include "base/outdir.h"
#include "base/process.h"
#include "base/writer.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

int runlog_open(struct runlog *log, const char *dir, struct err *err)
{
    struct arena a = {0};
    char *path = file_join(&a, dir, OUTDIR_LOG, err);

    if (path) {
        log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (log->fd < 0) {
            err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
            log->fd = 0;
        }
    }
    arena_release(&a);
    return err->code;
}

void runlog_close(struct runlog *log)
{
    if (log->fd > 0)
        close(log->fd);
    log->fd = 0;
}

static int write_line(struct runlog *log, json_t *o, struct err *err)
{
    char now[CLOCK_TEXT];
    struct buf b = {0};

    json_object_set_new(o, "time", json_string(clock_iso8601(now)));
    json_put(&b, o, JSON_COMPACT | JSON_SORT_KEYS, err);
    if (!buf_puts(&b, "\n", err) && file_write_all(log->fd, b.data, b.len))
        err_set(err, ERR_IO, "cannot write run.jsonl: %s", strerror(errno));
    buf_release(&b);
    return err->code;
}

int runlog_start(struct runlog *log, const char *command, const struct campaign *c, int ranks,
                 int threads, struct err *err)
{
    json_t *o = json_object(), *data = json_array();
    char host[PROCESS_HOST];

    json_object_set_new(o, "event", json_string("start"));
    json_object_set_new(o, "command", json_string(command));
    json_object_set_new(o, "host", json_string(process_host(host)));
    json_object_set_new(o, "ranks", json_integer(ranks));
    json_object_set_new(o, "threads", json_integer(threads));
    json_object_set_new(o, "version", json_string(LENSWEEP_VERSION));
    json_object_set_new(o, "commit", json_string(LENSWEEP_COMMIT));
    json_object_set_new(o, "isa", json_string(isa_name(isa_get())));
    json_object_set_new(o, "blas", json_string(blas_library()));
    json_object_set_new(o, "config", json_string(c->config.path));
    json_object_set_new(o, "model", json_string(c->config.model.path));
    for (size_t i = 0; i < c->config.data.path.n; i++)
        json_array_append_new(data, json_string(c->config.data.path.v[i]));
    json_object_set_new(o, "data", data);
    json_object_set_new(o, "units", json_integer((json_int_t)c->n_units));
    return write_line(log, o, err);
}

static json_t *audit_object(const struct campaign_report *report)
{
    json_t *o = json_object();

    for (int i = 0; i < AUDIT_COUNT; i++)
        if (!isnan(report->audit[i]))
            json_object_set_new(o, audit_names[i], json_real(report->audit[i]));
    return o;
}

int runlog_end(struct runlog *log, const char *event, const struct progress_view *v,
               const struct campaign_report *report, struct err *err)
{
    json_t *o = json_object();

    json_object_set_new(o, "event", json_string(event));
    json_object_set_new(o, "units", json_integer((json_int_t)v->done));
    json_object_set_new(o, "seconds", json_real(v->seconds));
    json_object_set_new(o, "flops", json_real(v->did));
    if (report) {
        json_object_set_new(o, "queries_ok", json_integer((json_int_t)report->ok));
        json_object_set_new(o, "queries_bad", json_integer((json_int_t)report->bad));
        json_object_set_new(o, "audit", audit_object(report));
    }
    return write_line(log, o, err);
}
