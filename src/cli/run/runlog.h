/*
 * run.jsonl: whatever differs from start to start (time, command, hosts, ranks, threads, paths),
 * one JSON object a line, appended. No result depends on it and nothing reads it back.
 */
#ifndef LENSWEEP_CLI_RUN_RUNLOG_H
#define LENSWEEP_CLI_RUN_RUNLOG_H

#include "campaign/campaign.h"
#include "campaign/output.h"
#include "cli/run/progress.h"

struct runlog {
    int fd; /* 0 = closed */
};

int runlog_open(struct runlog *log, const char *dir, struct err *err);
void runlog_close(struct runlog *log);
int runlog_start(struct runlog *log, const char *command, const struct campaign *c, int ranks,
                 int threads, struct err *err);
/* How it ended: "end" with a report, else "stopped" or what else kept it from the end. */
int runlog_end(struct runlog *log, const char *event, const struct progress_view *v,
               const struct campaign_report *report, struct err *err);

#endif
