#include "experiments/kit/match.h"

struct prompt_view prompt_of(const struct query *q)
{
    return (struct prompt_view){q->ids, q->span, q->n};
}

enum span_part { PART_FIRST, PART_MIDDLE, PART_LAST, PARTS };

int match_roles_count(const struct dataset *ds)
{
    return MATCH_SPANS + PARTS * (int)ds->n_spans;
}

static enum span_part part_of(int i, int n)
{
    return i == n - 1 ? PART_LAST : i == 0 ? PART_FIRST : PART_MIDDLE;
}

void match_roles(const struct dataset *ds, const int *order, struct prompt_view p, int *role)
{
    for (int t = 0; t < p.n; t++)
        role[t] = MATCH_OTHER;
    for (size_t k = ds->n_spans - 2; k-- > 0;) {
        struct span s = p.span[order[k]];

        for (int t = s.lo < 0 ? 0 : s.lo; t < s.hi && t < p.n; t++)
            role[t] = MATCH_SPANS + PARTS * order[k] + (int)part_of(t - s.lo, span_len(s));
    }
    role[p.n - 1] = MATCH_LAST;
    role[0] = MATCH_FIRST;
}

const char *match_role_name(const struct dataset *ds, int role, struct arena *a, struct err *err)
{
    static const char *const fixed[MATCH_SPANS] = {"first", "last", "other"};
    static const char *const part[PARTS] = {"first", "middle", "last"};

    if (role < MATCH_SPANS)
        return fixed[role];
    role -= MATCH_SPANS;
    return arena_printf(a, err, "%s.%s", ds->span_name[role / PARTS], part[role % PARTS]);
}

/* The token whose role in `other` (n) is that of token t in `own`; -1 = none. */
static int match_token(const int *own, int t, const int *other, int n)
{
    int nth = 0, found = -1;

    for (int i = 0; i < t; i++)
        nth += own[i] == own[t];
    for (int i = 0; i < n && nth >= 0; i++)
        if (other[i] == own[t]) {
            found = i;
            nth--;
        }
    return found;
}

int match_tokens(const struct dataset *ds, const int *order, struct prompt_view own,
                 struct prompt_view other, const int *tok, int n, int *src, struct arena *a,
                 struct err *err)
{
    int *own_role = arena_alloc(a, (size_t)own.n, sizeof *own_role, err);
    int *other_role = arena_alloc(a, (size_t)other.n, sizeof *other_role, err);

    if (!own_role || !other_role)
        return err->code;
    match_roles(ds, order, own, own_role);
    match_roles(ds, order, other, other_role);
    for (int i = 0; i < n; i++)
        src[i] = match_token(own_role, tok[i], other_role, other.n);
    return 0;
}

int match_in_list(int i, int n_own, int n_other)
{
    enum span_part part = part_of(i, n_own);

    if (n_own == n_other)
        return i;
    if (part == PART_LAST)
        return n_other - 1;
    if (part == PART_FIRST)
        return n_other > 1 ? 0 : -1;
    return n_other < 3 ? -1 : i < n_other - 1 ? i : n_other - 2;
}
