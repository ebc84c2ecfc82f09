#include "actors/ctl/operate.h"

/* {"status":400,"error":"…","near":[…]} */
static void say_refusal(const struct ctl *ctl, const char *path, long status, const json_t *root)
{
    const char *error = json_string_value(json_object_get(root, "error"));

    if (error != NULL) {
        ctl_say(ctl, "%ld: %s", status, error);
    } else if (status == 404) {
        ctl_say(ctl,
                "%s: the node knows no %s: it is of an earlier version, or no muster node; see "
                "musterctl ping",
                ctl->url.data, path);
    } else {
        ctl_say(ctl, "%s: HTTP status %ld of %s", ctl->url.data, status, path);
    }
}

enum ctl_exit operate_ask(struct ctl *ctl, const char *path, const struct buf *query, json_t **root,
                          long *status)
{
    struct http_reply reply;
    enum ctl_exit outcome = http_ask(ctl, HTTP_GET, path, query, &reply);

    *root = NULL;
    *status = 0;
    if (outcome == CTL_OK) {
        *status = reply.status;
        *root = json_loadb(reply.body.data != NULL ? reply.body.data : "", reply.body.len,
                           JSON_ALLOW_NUL, NULL);
        if (reply.status != 200 || !json_is_object(*root)) {
            say_refusal(ctl, path, reply.status, *root);
            json_decref(*root);
            *root = NULL;
            outcome = CTL_NEGATIVE;
        }
    }
    http_reply_fini(&reply);
    return outcome;
}

enum ctl_exit operate_list(struct ctl *ctl, const char *path, const struct buf *query,
                           const char *name, operate_each_fn *each, void *state)
{
    struct buf page = {0};
    json_t *root = NULL;
    size_t count = 0;
    enum ctl_exit outcome;
    long status;

    do {
        json_t *next = json_incref(json_object_get(root, "next"));
        json_t *item;
        size_t i;

        page.len = 0;
        buf_add_str(&page, buf_str(query));
        form_add(&page, "limit", "500");
        if (json_is_string(next)) {
            form_add(&page, "after", json_string_value(next));
        }
        json_decref(next);
        json_decref(root);
        outcome = operate_ask(ctl, path, &page, &root, &status);
        json_array_foreach(json_object_get(root, name), i, item)
        {
            each(state, item);
            count++;
        }
    } while (outcome == CTL_OK && json_is_string(json_object_get(root, "next")) &&
             count < operate_items_max);
    json_decref(root);
    buf_fini(&page);
    return outcome;
}

void operate_text(struct rows *rows, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_string(value)) {
        rows_text(rows, (struct str){json_string_value(value), json_string_length(value)});
    } else {
        rows_none(rows);
    }
}

void operate_number(struct rows *rows, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_number(value)) {
        rows_number(rows, (int64_t)json_number_value(value));
    } else {
        rows_none(rows);
    }
}

void operate_time(struct rows *rows, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    struct buf local = {0};
    int64_t wall_ns;

    if (text == NULL || !ctl_time_read(text, &wall_ns)) {
        operate_text(rows, object, name);
        return;
    }
    ctl_time_print_local(wall_ns, &local);
    rows_both(rows, buf_str(&local), str_from(text));
    buf_fini(&local);
}
