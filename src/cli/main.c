#define _XOPEN_SOURCE 700
/* The one place that prints errors and exits. */
#include "cli/command.h"

#include "base/gemm.h"
#include "base/isa.h"
#include "base/str.h"
#include "results/h5file.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct command commands[] = {
    {"run", "CONFIG [--set KEY=VALUE]... [--shard i/n] [--restart] [--dry-run]",
     "run the experiments of a config, under mpirun or srun or alone",
     "  --set KEY=VALUE  override a key of the config: run.threads=2, experiments.NAME.KEY=VALUE\n"
     "  --shard i/n      only the i-th of n shares, from 0; lensweep collect joins them\n"
     "  --restart        forget what an earlier start has computed\n"
     "  --dry-run        say what would be run, how long and in how much memory (= plan)\n"
     "\n"
     "  Writes OUTPUT/result.h5, journal/, run.jsonl and config.yaml, OUTPUT from the config. The "
     "same\n"
     "  command again computes only what is missing.\n",
     cmd_run},
    {"plan", "CONFIG [--set KEY=VALUE]... [--ranks R] [--nodes N] [--sbatch]",
     "say what a run would do, without running it",
     "  --ranks R        ranks to estimate the time for (default: one a node)\n"
     "  --nodes N        nodes that share them out (default 1)\n"
     "  --sbatch         print a job script for Slurm with these numbers, and nothing else\n"
     "\n"
     "  Checks config and data, and prints units, cells, FLOP, memory, an estimate of the "
     "time\n"
     "  (as fast as this machine is) and the first, middle and last cell of each experiment in "
     "words.\n"
     "  The model may be only a config.json.\n",
     cmd_plan},
    {"collect", "DIR... [--partial] [-o FILE]",
     "make the result file of what shards or unfinished runs have computed",
     "  --partial        also if units are missing: FILE is DIR/partial.h5\n"
     "  -o FILE          write FILE in place of DIR/result.h5\n"
     "\n"
     "  Several directories, each with a part of the same run (shards with outputs of their own, "
     "two\n"
     "  machines), are joined; config, data and model are those of the first. They need -o.\n",
     cmd_collect},
    {"status", "DIR", "tell how far a run is, from its journal, without touching it", "",
     cmd_status},
    {"inspect", "PATH", "show what a model file or directory holds", "", cmd_inspect},
    {"logits", "MODEL (--prompt TEXT | --ids \"1 2 3\") [--top K] [--npy FILE] [--no-bos]",
     "next-token logits of a prompt",
     "  --prompt TEXT    with the tokenizer's own special tokens, unless --no-bos\n"
     "  --ids \"1 2 3\"    token ids, as they are\n"
     "  --top K          the K most probable tokens after the last one (default 10)\n"
     "  --npy FILE       logits of all positions, float32 (tokens, vocabulary)\n"
     "  --threads N      threads (default: all cores allowed)\n",
     cmd_logits},
    {"tokenize", "MODEL --text TEXT [--no-bos]", "token ids of a text, in one line", "",
     cmd_tokenize},
    {"generate", "MODEL --prompt TEXT [-n 32] [--ids] [--no-bos]", "continue a prompt greedily",
     "  -n N             tokens to generate (default 32)\n"
     "  --ids            print token ids in place of text\n"
     "  --threads N      threads (default: all cores allowed)\n",
     cmd_generate},
    {"export", "RESULT --format csv|jsonl|authors [-o DIR] [--model NAME]",
     "write a result file for other programs",
     "  --format csv     a long table for each set of dimensions, a row for each cell\n"
     "           jsonl   an object for each query, or each entry of another first dimension\n"
     "           authors the folders and files of the paper's own code, for its plotting scripts\n"
     "  -o DIR           write into DIR (default: a folder called by the format, beside the "
     "result)\n"
     "  --model NAME     authors: the model's folder, such as meta-llama/Meta-Llama-3-8B-Instruct\n"
     "                   (default: model)\n"
     "\n"
     "  RESULT is a result file or the folder of a run. docs/export.md describes the files.\n",
     cmd_export},
    {"summary", "RESULT", "print the summary of a finished result file",
     "  RESULT           a result file, or the folder that has one\n", cmd_summary},
    {"top", "RESULT [GROUP | --classes] [-n 20] [--step S] [--dataset NAME]",
     "show the strongest heads, layers and token sets, with intervals",
     "  GROUP            only this experiment (default: all that can be ranked)\n"
     "  --classes        heads only: how often each promotes or suppresses the step's target, "
     "beside\n"
     "                   what each sweep over all heads at the last token changes of its logit\n"
     "  -n N             rows of each table (default 20)\n"
     "  --step S         only queries of this step\n"
     "  --dataset NAME   averages of this dataset (default: over datasets and templates)\n"
     "\n"
     "  Averages over queries from the result file, the largest first, each with its 95 %\n"
     "  interval (bootstrap over items) and n, the number of queries: for heads the shares "
     "promoted "
     "and\n"
     "  suppressed, beside what control tokens get; for decode and token_lens logits minus those "
     "of the\n"
     "  controls; for knockout KL and the drop of the logits; for causal_trace what a role and "
     "layer "
     "brings\n"
     "  back; for ablation what a configuration changes, with q, and of a logit how much of it is "
     "the\n"
     "  direct effect. An interval is that of its cell: among many cells some are large by "
     "chance.\n",
     cmd_top},
    {"plot", "RESULT... [-o DIR] [--format svg|png|pdf]", "draw the figures of a result file",
     "  -o DIR           where to (default: figures/ beside each result)\n"
     "  --format F       png (default), svg or pdf\n"
     "\n"
     "  RESULT is a result file or the folder of a run. Every experiment that has figures is "
     "drawn,\n"
     "  with the averages and intervals of the file. Each figure comes with its numbers "
     "(NAME.csv)\n"
     "  and its script (gnuplot NAME.gp draws it again).\n",
     cmd_plot},
    {"diff", "A B [--rtol X] [--atol Y]", "compare two result files and name the first difference",
     "  --rtol X         numbers a of A and b of B are equal up to Y + X |b| (default 0)\n"
     "  --atol Y         (default 0)\n"
     "\n"
     "  A and B are result files or the folders of runs. Groups, attributes, dimensions, texts "
     "and numbers\n"
     "  are compared; NaN equals NaN. With a tolerance, versions and BLAS in the provenance are "
     "only\n"
     "  noted. Exit status: 0 equal, 1 they differ, 3 a file cannot be read.\n",
     cmd_diff},
    {"bench", "MODEL [--threads N]",
     "measure forward passes of a model beside the SGEMM peak of this machine", "", cmd_bench},
    {"help", "[COMMAND | config | data | KEY] [--markdown]",
     "this list, a command, the config reference or one of its keys", "", cmd_help},
};

const size_t n_commands = sizeof commands / sizeof *commands;

static int unknown_command(const char *name, struct err *err)
{
    const char *names[sizeof commands / sizeof *commands];
    const char *near;

    for (size_t i = 0; i < n_commands; i++)
        names[i] = commands[i].name;
    near = str_did_you_mean(name, names, n_commands);
    return err_set(err, ERR_CONFIG, "unknown command \"%s\"%s%s%s; see lensweep help", name,
                   near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static int print_version(struct err *err)
{
    return out_printf(err, "lensweep %s (commit %s)\n%s, HDF5 %s\n", LENSWEEP_VERSION,
                      LENSWEEP_COMMIT, gemm_library(), h5_version());
}

static int dispatch(int argc, char **argv, struct err *err)
{
    if (argc < 2 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
        char *help[] = {"help", NULL};

        return cmd_help(1, help, err);
    }
    if (str_eq(argv[1], "--version"))
        return print_version(err);
    for (size_t i = 0; i < n_commands; i++) {
        if (!str_eq(commands[i].name, argv[1]))
            continue;
        if (argc == 3 && (str_eq(argv[2], "--help") || str_eq(argv[2], "-h"))) {
            char *help[] = {"help", argv[1], NULL};

            return cmd_help(2, help, err);
        }
        return commands[i].run(argc - 1, argv + 1, err);
    }
    return unknown_command(argv[1], err);
}

int main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct err err;
    int status;

    err_clear(&err);
    sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe and a full quota are errors of the write */
    sigaction(SIGXFSZ, &ignore, NULL);
    status = isa_init(&err);
    if (!status)
        status = dispatch(argc, argv, &err);
    if (!status)
        status = out_flush(&err);
    report_error(&err);
    return status;
}
