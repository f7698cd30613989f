#include "report/web/web.h"

#include "base/file.h"
#include "base/str.h"
#include "base/wrap.h"
#include "base/writer.h"
#include "report/figures/plot.h"
#include "report/headline.h"
#include "report/standout.h"
#include "report/summary.h"
#include "report/top.h"
#include "report/web/html.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Colours follow the reader's own setting; figures are black on white in both. */
static const char style[] =
    ":root{color-scheme:light dark;--line:#ccc;--soft:#f4f4f6;--link:#0b57a4}\n"
    "@media(prefers-color-scheme:dark){:root{--line:#444;--soft:#22242a;--link:#8ab8f0}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:1rem;"
    "overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.25rem;margin-top:2.2rem;border-bottom:1px "
    "solid var(--line)}h3{font-size:1.05rem;margin-top:1.6rem}h4{font-size:1rem;margin:1rem 0 "
    ".3rem}\n"
    "a{color:var(--link)}nav a{margin-right:1rem;white-space:nowrap}\n"
    "pre{font:.8rem/1.4 "
    "ui-monospace,monospace;background:var(--soft);padding:.6rem;overflow-x:auto;"
    "overflow-wrap:normal}\n"
    "table{border-collapse:collapse;font-size:.95rem;display:block;overflow-x:auto}"
    "th,td{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0}"
    "th{white-space:nowrap}td{overflow-wrap:anywhere;min-width:3rem}\n"
    ".tokens td{white-space:pre-wrap;font:.8rem/1.4 ui-monospace,monospace}\n"
    ".note{font-size:.85rem;opacity:.8}details{margin:.3rem 0}summary{cursor:pointer}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19.8rem),1fr));"
    "gap:1rem;align-items:start}\n"
    "figure{margin:0;background:#fff;color:#000;border:1px solid var(--line);border-radius:4px;"
    "padding:.4rem}figure svg{display:block;width:100%;height:auto}\n"
    "li{margin:.3rem 0}.number{font-family:ui-monospace,monospace;font-size:.9em}\n"
    "@media print{nav{display:none}details>*{display:block}}\n";

/* Head ------------------------------------------------------------------------------------- */

static const char *name_of(struct result *r, struct err *err)
{
    const char *folder = strchr(r->path, '/') ? file_folder(&r->arena, r->path, err) : r->path;

    return folder ? file_last_parts(&r->arena, folder, 1, err) : NULL;
}

static int put_head(struct result *r, struct buf *b, struct err *err)
{
    const char *name = name_of(r, err);

    html_printf(b, err,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<title>lensweep: %s</title>\n<style>\n",
                name);
    buf_puts(b, style, err);
    return html_printf(b, err,
                       "</style>\n</head>\n<body>\n<header><h1>%s</h1>\n<nav><a "
                       "href=\"#asked\">asked</a><a href=\"#card\">model, "
                       "data</a><a href=\"#right\">right?</a><a href=\"#out\">stands "
                       "out</a><a href=\"#findings\">findings</a><a href=\"#left-out\">left "
                       "out</a><a href=\"#checks\">checks</a><a href=\"#provenance\">"
                       "provenance</a><a href=\"#cite\">cite</a></nav></header>\n<main>\n",
                       name);
}

/* A paragraph for each line. */
static void put_notes(struct buf *text, struct buf *b, struct err *err)
{
    const char *s = buf_str(text, err);

    for (size_t n; s && *s; s += n + (s[n] == '\n')) {
        n = strcspn(s, "\n");
        html_printf(b, err, "<p class=\"note\">%.*s</p>\n", (int)n, s);
    }
    buf_clear(text);
}

/* Is the model right? ---------------------------------------------------------------------- */

static void put_wrong(const struct right *all, struct buf *text, struct buf *b, struct err *err)
{
    buf_puts(b, "<details><summary>Where it is not</summary><ul>\n", err);
    for (size_t i = 0; i < all->n && !err->code; i++) {
        if (!all->v[i].rank)
            continue;
        buf_clear(text);
        right_words(&all->v[i], text, err);
        html_printf(b, err, "<li>%.*s</li>\n", (int)text->len, text->data);
    }
    buf_puts(b, "</ul></details>\n", err);
}

static int put_right(struct result *r, const struct right *all, struct buf *b, struct err *err)
{
    struct buf text = {0};

    if (!right_sentence(all, &text, err))
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
    html_printf(b, err, "<section id=\"right\"><h2>Is the model right?</h2>\n<p>%.*s.</p>\n",
                (int)text.len, text.data);
    if (all->n > all->n_right)
        put_wrong(all, &text, b, err);
    buf_clear(&text);
    if (!summary_flags(r, &text, err))
        put_notes(&text, b, err);
    buf_release(&text);
    return buf_puts(b, "</section>\n", err);
}

/* What stands out -------------------------------------------------------------------------- */

static void put_standout(const struct standout *one, struct buf *b, struct err *err)
{
    html_printf(b, err, "<li><b>%s</b>: %s<ul>\n", one->group, one->title);
    for (const char *s = one->words; *s; s += strcspn(s, "\n"), s += *s == '\n')
        html_printf(b, err, "<li class=\"number\">%.*s</li>\n", (int)strcspn(s, "\n"), s);
    buf_puts(b, "</ul></li>\n", err);
}

static int put_standouts(struct result *r, const struct right *right, struct buf *b,
                         struct err *err)
{
    struct standouts all;

    if (standouts_read(&all, r, right, NULL, err))
        return err->code;
    buf_puts(b, "<section id=\"out\"><h2>What stands out</h2>\n", err);
    buf_puts(b,
             all.n ? "<p>Of each table the strongest numbers that pass their test, with 95 % "
                     "intervals. About what is right, where the data say so.</p>\n<ul>\n"
             : all.others
                 ? "<p>Nothing about the right target has passed a test; numbers about others "
                   "have.</p>\n"
                 : "<p>Nothing has passed a test.</p>\n",
             err);
    for (size_t i = 0; i < all.n; i++)
        put_standout(&all.v[i], b, err);
    return buf_puts(b, all.n ? "</ul>\n</section>\n" : "</section>\n", err);
}

/* Findings --------------------------------------------------------------------------------- */

/* A block of the summary: its title, its table as it stands, what is said under it. */
static int put_block(struct result *r, const char *group, const struct headline *h, struct buf *b,
                     struct err *err)
{
    struct buf text = {0}, notes = {0};
    const char *s = headline_text(r, group, h, &text, &notes, err) ? NULL : buf_str(&text, err);

    if (s && *s) {
        size_t n;

        s += *s == '\n';
        n = strcspn(s, "\n");
        html_printf(b, err, "<h4>%.*s</h4>\n", (int)n, s);
        s += n + (s[n] == '\n');
        if (*s)
            html_printf(b, err, "<pre>%s</pre>\n", s);
        put_notes(&notes, b, err);
    }
    buf_release(&text);
    buf_release(&notes);
    return err->code;
}

static int put_tables(struct result *r, const struct result_group *g, struct buf *b,
                      struct err *err)
{
    const struct top tokens = {.page = true, .step = -1};
    struct buf left_out = {0};
    bool shown;

    if (!summary_blocks(r, g, put_block, b, &left_out, err))
        put_notes(&left_out, b, err);
    buf_release(&left_out);
    return err->code ? err->code : top_tokens(&tokens, r, g->name, b, &shown, err);
}

static int put_picture(struct web *w, const struct gallery *out, const struct drawing *p,
                       struct buf *b, struct err *err)
{
    struct buf svg = {0};
    char *path = arena_printf(&w->arena, err, "%s/%s.svg", out->dir, p->name);
    char *prefix = arena_printf(&w->arena, err, "f%zu-", ++w->figures);

    if (path && prefix && !file_read(&svg, path, 1 << 28, err) && buf_str(&svg, err)) {
        buf_puts(b, "<figure>\n", err);
        web_svg(b, svg.data, prefix, p->title, err);
        html_printf(b, err, "<figcaption class=\"note\">Figure %zu: %s</figcaption></figure>\n",
                    w->figures, p->name);
    }
    buf_release(&svg);
    return err->code;
}

static int put_pictures(struct web *w, const struct gallery *out, const char *group, struct buf *b,
                        struct err *err)
{
    bool any = false;

    for (size_t i = 0; i < out->n_pictures; i++) {
        if (!str_eq(out->picture[i].group, group))
            continue;
        buf_puts(b, any ? "" : "<div class=\"figures\">\n", err);
        if (put_picture(w, out, &out->picture[i], b, err))
            return err->code;
        any = true;
    }
    return buf_puts(b, any ? "</div>\n" : "", err);
}

static int put_findings(struct web *w, struct result *r, const struct gallery *out, struct buf *b,
                        struct err *err)
{
    buf_puts(b, "<section id=\"findings\"><h2>Findings</h2>\n", err);
    if (w->no_gnuplot)
        buf_puts(
            b, "<p>Figures are missing: gnuplot was not installed where this page was made.</p>\n",
            err);
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct result_group *g = &r->group[i];

        if (!g->headlines.n && !g->figures.n)
            continue;
        html_printf(b, err, "<h3>%s</h3>\n", g->name);
        if (put_tables(r, g, b, err) || put_pictures(w, out, g->name, b, err))
            return err->code;
    }
    return buf_puts(b, "</section>\n", err);
}

/* The page --------------------------------------------------------------------------------- */

static int put_page(struct web *w, struct result *r, const struct gallery *out, struct buf *b,
                    struct err *err)
{
    struct right right;

    return err_if(err, put_head(r, b, err) || web_asked(r, b, err) || web_card(r, b, err) ||
                           right_read(&right, r, err) || put_right(r, &right, b, err) ||
                           put_standouts(r, &right, b, err) || put_findings(w, r, out, b, err) ||
                           web_left_out(r, b, err) || web_checks(r, b, err) ||
                           web_provenance(r, b, err) ||
                           buf_puts(b, "</main>\n</body>\n</html>\n", err));
}

/* Figures are drawn in a folder that is there only meanwhile. */
static int draw(struct web *w, struct result *r, struct gallery *out, struct err *err)
{
    char *dir = file_temp_folder(&w->arena, "report", err);
    size_t n = 0;

    if (!dir)
        return err->code;
    out->dir = dir;
    if (plot_groups(out, r, &n, err))
        return err->code;
    w->no_gnuplot = out->scripts > 0;
    return 0;
}

static void sweep(struct gallery *out)
{
    static const char *const ends[] = {"csv", "gp", "svg"};

    for (size_t i = 0; out->dir && i < out->n; i++)
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            char path[4096];

            snprintf(path, sizeof path, "%s/%s.%s", out->dir, out->name[i], ends[k]);
            unlink(path);
        }
    if (out->dir)
        rmdir(out->dir);
}

int web_write(struct web *w, const char *result, struct err *err)
{
    const size_t width = wrap_set_width(SIZE_MAX); /* a browser breaks lines itself */
    struct buf said = {0}, page = {0};
    struct gallery out = {.format = "svg",
                          .width = PLOT_COLUMN_WIDTH,
                          .layers_from = w->layers_from,
                          .result = "",
                          .said = &said};
    struct result r;

    if (!result_open(&r, result, err) &&
        (w->path || (w->path = file_sibling(&w->arena, r.path, "report.html", err))) &&
        !draw(w, &r, &out, err)) {
        r.layers_from = w->layers_from;
        if (put_page(w, &r, &out, &page, err))
            err_place(err, "%s", r.path);
        else
            file_replace(w->path, page.data, page.len, err);
    }
    wrap_set_width(width);
    sweep(&out);
    result_close(&r);
    gallery_release(&out);
    buf_release(&said);
    buf_release(&page);
    return err->code;
}
