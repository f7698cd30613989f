/* Types of the section `curate`: how a prompt is said to the model, and shares by name. */
#include "config/node.h"

#include "base/str.h"

static void parse_chat(struct config_context *c, const struct config_node *node, void *field)
{
    static const char *const keys[] = {"user", "assistant"};
    static const struct choice words[] = {{"none", CHAT_NONE}, {"auto", CHAT_AUTO}, {NULL, 0}};
    static const char what[] = "none, auto or {user: TEXT, assistant: TEXT}";
    struct chat_form form = {CHAT_WRITTEN, "", ""};
    const struct config_node *user, *assistant;

    if (node->kind == NODE_SCALAR && choice_value(words, node->text) != NO_CHOICE) {
        form.kind = (enum chat_kind)choice_value(words, node->text);
        *(struct chat_form *)field = form;
        return;
    }
    if (node->kind != NODE_MAP) {
        node_expected(c, node, what);
        return;
    }
    node_check_keys(c, node, keys, 2);
    user = node_get(node, "user");
    assistant = node_get(node, "assistant");
    if (!user || !assistant)
        node_problem(c, node, "needs both user and assistant");
    else if (take_text(c, user, "a text") && take_text(c, assistant, "a text")) {
        form.user = user->text;
        form.assistant = assistant->text;
        *(struct chat_form *)field = form;
    }
}

static int print_chat(struct config_value at, struct buf *out, struct err *err)
{
    const struct chat_form *f = at.field;

    if (f->kind != CHAT_WRITTEN)
        return buf_puts(out, f->kind == CHAT_AUTO ? "auto" : "none", err);
    return err_if(err, buf_puts(out, "{user: ", err) || put_string(out, f->user, err) ||
                           buf_puts(out, ", assistant: ", err) ||
                           put_string(out, f->assistant, err) || buf_puts(out, "}", err));
}

const struct config_type config_chat = {
    "chat form", sizeof(struct chat_form), parse_chat, print_chat,
    "none, auto (the model's own chat template) or {user: TEXT, assistant: TEXT}: what stands "
    "before the user's words and before the assistant's"};

static void parse_shares(struct config_context *c, const struct config_node *node, void *field)
{
    struct share_list list = {0};
    double sum = 0;

    if (node->kind != NODE_MAP) {
        node_expected(c, node, "a mapping such as {train: 0.5, test: 0.5}");
        return;
    }
    node_check_keys(c, node, NULL, 0);
    list.name = config_alloc(c, node->n, sizeof *list.name);
    list.share = config_alloc(c, node->n, sizeof *list.share);
    for (size_t i = 0; i < node->n && !c->failed; i++) {
        const char *name = node->pair[i].key->kind == NODE_SCALAR ? node->pair[i].key->text : "";
        double v = 0;

        if (!str_is_name(name))
            node_problem(c, node->pair[i].key,
                         "a split's name may hold only letters, digits, _ and -");
        else if (take_real(c, node->pair[i].value, "a number", &v) && !(v > 0 && v <= 1))
            node_problem(c, node->pair[i].value, "a share must be above 0 and at most 1");
        list.name[list.n] = name;
        list.share[list.n++] = v;
        sum += v;
    }
    if (list.n && (sum < 1 - 1e-9 || sum > 1 + 1e-9))
        node_problem(c, node, "the shares must add up to 1");
    *(struct share_list *)field = list;
}

static int print_shares(struct config_value at, struct buf *out, struct err *err)
{
    const struct share_list *list = at.field;

    for (size_t i = 0; i < list->n; i++)
        if (buf_puts(out, i ? ", " : "{", err) || put_string(out, list->name[i], err) ||
            buf_puts(out, ": ", err) || put_real(out, list->share[i], err))
            return err->code;
    return buf_puts(out, list->n ? "}" : "{}", err);
}

const struct config_type config_shares = {"shares", sizeof(struct share_list), parse_shares,
                                          print_shares,
                                          "{NAME: SHARE} that add up to 1, such as {train: 0.8, "
                                          "test: 0.2}"};
