/*
 * What an output directory was begun with, so that a later start with something else is refused by
 * name: the model, the config's keys that affect results, and each query.
 *
 * Changes that only add or leave out work are fine: other experiments, `limit`, `where`, more or
 * fewer queries. Everything else needs --restart, or another output.
 * One that is cut off or changed is ERR_IO: its lines would be taken for changes of the config.
 */
#ifndef LENSWEEP_CAMPAIGN_MANIFEST_H
#define LENSWEEP_CAMPAIGN_MANIFEST_H

#include "campaign/campaign.h"

/* The BLAS that computed what stands beside the manifest, in the arena; NULL = not known. */
const char *manifest_library(const char *path, struct arena *a, struct err *err);

/* Compares with the file, if there is one; keeps: and writes it anew with what is added, else it is
   only looked at. ERR_CONFIG names the first thing that changed, what it was and what it is. */
int manifest_check(const struct campaign *c, const char *path, bool keeps, struct err *err);

/* Does `other` hold a part of the same run as `dir`, whose campaign this is? ERR_CONFIG names the
   first thing that differs, or that only `other` has. */
int manifest_match(const struct campaign *c, const char *dir, const char *other, struct err *err);

#endif
