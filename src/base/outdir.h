/*
 * What stands in an output directory, by name. docs/results.md says what is in each.
 */
#ifndef LENSWEEP_BASE_OUTDIR_H
#define LENSWEEP_BASE_OUTDIR_H

/* Of every run. */
#define OUTDIR_CONFIG     "config.yaml" /* resolved; nobody else's may be overwritten */
#define OUTDIR_MANIFEST   "manifest"    /* a folder that has one is an output */
#define OUTDIR_JOURNAL    "journal"     /* a folder */
#define OUTDIR_LOCK       "lock"        /* lock.N: of shard N */
#define OUTDIR_LOG        "run.jsonl"
#define OUTDIR_RESULT     "result.h5"
#define OUTDIR_PARTIAL    "partial.h5" /* collect --partial */
#define OUTDIR_HASHES     "hashes"     /* of the model's files: need not be read again */
#define OUTDIR_VOCABULARY "vocab.bin"  /* statistics of the unembedding, likewise */

/* Of curate, beside the above. */
#define OUTDIR_ATTEMPTS "curate.jsonl"
#define OUTDIR_CARD     "card.md"

#endif
