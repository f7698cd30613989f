#include "experiments/kit/controls.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

size_t control_ids_n(const struct dataset *ds)
{
    return ds->n_targets + 2 * ds->n_controls;
}

int32_t *control_ids(const struct dataset *ds, const struct query *q, struct arena *a,
                     struct err *err)
{
    int32_t *id = arena_alloc(a, control_ids_n(ds), sizeof *id, err);

    if (!id)
        return NULL;
    memcpy(id, q->target, ds->n_targets * sizeof *id);
    if (ds->n_controls) {
        memcpy(id + ds->n_targets, q->control, ds->n_controls * sizeof *id);
        memcpy(id + ds->n_targets + ds->n_controls, q->s_control, ds->n_controls * sizeof *id);
    }
    return id;
}

bool is_subject(const struct experiment *x, size_t target)
{
    return str_eq(x->data->target_name[target], "subject");
}

int declare_controls(struct experiment *x, const char *dims, struct err *err)
{
    return err_if(
        err,
        add_field(x, "control_logit", V_F32, dims, unit_logit,
                  "mean of the decoded logit over first tokens of other items' answers", err) ||
            add_field(x, "subject_control_logit", V_F32, dims, unit_logit,
                      "mean of the decoded logit over first tokens of other subjects", err));
}

static float mean_of_present(const float *v, const int32_t *id, size_t n)
{
    double sum = 0;
    int present = 0;

    for (size_t i = 0; i < n; i++)
        if (id[i] >= 0) {
            sum += (double)v[i];
            present++;
        }
    return present ? (float)(sum / present) : NAN;
}

void control_means(const struct row *row, const float *logit, float *answers, float *subjects)
{
    const struct dataset *ds = row->x->data;
    const float *controls = logit + ds->n_targets;

    *answers = mean_of_present(controls, row->q->control, ds->n_controls);
    *subjects = mean_of_present(controls + ds->n_controls, row->q->s_control, ds->n_controls);
}

void put_logits(struct row *row, const float *logit, size_t first, size_t vectors)
{
    float *own = row_f32(row, "logit") + first * row->x->data->n_targets;
    float *answers = row_f32(row, "control_logit") + first;
    float *subjects = row_f32(row, "subject_control_logit") + first;

    for (size_t i = 0; i < vectors; i++, logit += control_ids_n(row->x->data)) {
        memcpy(own + i * row->x->data->n_targets, logit, row->x->data->n_targets * sizeof *logit);
        control_means(row, logit, &answers[i], &subjects[i]);
    }
}

const char controls_needed[] =
    "control tokens, which are answers of other items, or `controls` of the query";

int declare_centred(struct experiment *x, const char *dims, struct headline h, struct figure f,
                    const char *centred, struct err *err)
{
    h.variable = "mean_centred_logit";
    h.instead = "mean_logit";
    h.unit = "logit";
    h.test = "t";
    h.claim = "differs from what control tokens get";
    h.needs = controls_needed;
    h.about = "target";
    f.form = "lines";
    f.values = "mean_logit";
    f.series = "target";
    f.along = f.along_label = "layer";
    f.value_label = "logit (nat)";
    if (add_mean(x, "mean_logit", "logit", unit_logit, "mean of logit over queries", err) ||
        add_sum(x, "mean_centred_logit", dims, unit_logit,
                "mean over queries of logit minus that of the control tokens", CENTRED_LOGIT,
                err) ||
        add_headline(x, &h, err) || add_figure(x, &f, err))
        return err->code;
    f.name = "centred";
    f.values = "mean_centred_logit";
    f.title = centred;
    f.note = "Logits minus their mean over control tokens";
    return add_figure(x, &f, err);
}
