/* Private to base/kernels: what is compiled once for each instruction set. Rows, on the calling
   thread; kernels.h says what each computes. */
#ifndef LENSWEEP_BASE_KERNELS_ISA_H
#define LENSWEEP_BASE_KERNELS_ISA_H

#include "base/kernels.h"

struct kernel_ops {
    void (*exp)(int64_t n, float *x);
    void (*tanh)(int64_t n, float *x);
    void (*erf)(int64_t n, float *x);
    void (*add)(int64_t n, float *y, const float *x);
    void (*shift)(int64_t n, const float *x, double by, float *out);
    float (*max)(int64_t n, const float *x);
    int64_t (*find)(int64_t n, const float *x, float value);
    int32_t (*count_greater)(int64_t n, const float *x, float value);
    float (*dot)(int64_t n, const float *x, const float *y);
    double (*sum_exp)(int64_t n, const float *x, float shift);
    double (*mean)(int64_t n, const float *x);
    double (*entropy)(int64_t n, const float *p);
    float (*norm_divisor)(int64_t n, const float *x, const struct norm *how);
    void (*cap)(int64_t n, float *x, float cap);
    double (*weighted_difference)(int64_t n, const float *p, const float *x, const float *y);
    void (*norm)(int64_t d, const float *x, const struct norm *how, float *out);
    void (*rope)(const struct rope_table *r, int pos, float *x);
    void (*softmax)(int64_t n, float *p, float scale, float cap);
    void (*activate)(int64_t n, enum activation f, float *gate, const float *up);
    void (*weighted_sums)(int64_t n, const double *w, int64_t width, const double *x, int64_t ldx,
                          double *out);
    void (*key_scores)(const struct key_rows *keys, int lo, int hi, int64_t dh, const float *q,
                       float *score);
    void (*key_values)(const struct key_rows *values, int lo, int hi, int64_t dh, const float *p,
                       float *z);
};

#endif
