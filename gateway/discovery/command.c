#include "gateway/discovery/command.h"

#include "common/naming/instance.h"
#include "common/naming/limits.h"
#include "gateway/discovery/metadata.h"

bool command_claims_node(const struct form *form)
{
    return form_flag(form, "replication") || form_flag(form, "from_zone");
}

struct sender command_sender(const struct form *form, bool believed)
{
    if (!command_claims_node(form)) {
        return (struct sender){.origin = ORIGIN_CLIENT};
    }
    if (!believed) {
        return (struct sender){.origin = ORIGIN_STRANGER};
    }
    return (struct sender){form_flag(form, "replication"), form_flag(form, "from_zone"),
                           ORIGIN_HTTP_PEER};
}

static struct identity form_identity(struct form *form)
{
    struct identity id;

    id.zone = form_name(form, "zone", FORM_REQUIRED);
    id.env = form_name(form, "env", FORM_REQUIRED);
    id.appid = form_name(form, "appid", FORM_REQUIRED);
    id.hostname = form_name(form, "hostname", FORM_REQUIRED);
    return id;
}

/* The fields that all writes of one instance begin with. */
#define WHO(to, id, sender)                                                                        \
    do {                                                                                           \
        (to)->origin = (sender).origin;                                                            \
        (to)->replication = (sender).replication;                                                  \
        (to)->from_zone = (sender).from_zone;                                                      \
        (to)->env = (id).env;                                                                      \
        (to)->appid = (id).appid;                                                                  \
        (to)->zone = (id).zone;                                                                    \
        (to)->hostname = (id).hostname;                                                            \
    } while (0)

void command_register(struct form *form, struct sender sender, struct buf *addrs,
                      struct buf *metadata, struct msg *command)
{
    struct msg_register *to = &command->as_register;
    struct identity id;

    command->type = MSG_TYPE_REGISTER;
    to->region = form_name(form, "region", FORM_OPTIONAL);
    id = form_identity(form);
    to->status = form_status(form);
    to->addrs = form_addrs(form, sender.origin == ORIGIN_HTTP_PEER, addrs);
    to->version = form_text(form, "version", limit_version_bytes);
    to->metadata = form_metadata(form, params_get(form->params, STR("metadata")), metadata,
                                 &to->metadata_null);
    to->latest_timestamp = form_timestamp(form, "latest_timestamp");
    to->dirty_timestamp = form_timestamp(form, "dirty_timestamp");
    WHO(to, id, sender);
}

void command_renew(struct form *form, struct sender sender, struct msg *command)
{
    struct msg_renew *to = &command->as_renew;
    struct identity id = form_identity(form);

    command->type = MSG_TYPE_RENEW;
    to->dirty_timestamp = form_timestamp(form, "dirty_timestamp");
    WHO(to, id, sender);
}

void command_cancel(struct form *form, struct sender sender, struct msg *command)
{
    struct msg_cancel *to = &command->as_cancel;
    struct identity id = form_identity(form);

    command->type = MSG_TYPE_CANCEL;
    to->latest_timestamp = form_timestamp(form, "latest_timestamp");
    WHO(to, id, sender);
}
#undef WHO

/* One HOST a hostname, with the status and metadata at its place where they are given. */
static void form_hosts(struct form *form, struct msg_set *to, struct buf *store,
                       struct buf *metadata)
{
    struct str hostname;
    struct str text;
    size_t at = 0;
    size_t status_at = 0;
    size_t metadata_at = 0;

    while (params_each(form->params, STR("hostname"), &at, &hostname)) {
        struct msg host = {.type = MSG_TYPE_HOST};

        if (hostname.len > limit_name_bytes) {
            form_wrong(form, "hostname", "may have at most %d bytes, got %zu", limit_name_bytes,
                       hostname.len);
        }
        host.as_host.hostname = hostname;
        if (to->statuses_given && params_each(form->params, STR("status"), &status_at, &text)) {
            host.as_host.status = form_status_of(form, text, false);
        }
        metadata->len = 0;
        if (to->metadatas_given &&
            params_each(form->params, STR("metadata"), &metadata_at, &text)) {
            host.as_host.metadata =
                form_metadata(form, text, metadata, &host.as_host.metadata_null);
            host.as_host.metadata_null = host.as_host.metadata_null && metadata_is_null(text);
        }
        msg_list_add(&to->hosts, store, &host);
    }
}

void command_set(struct form *form, struct sender sender, struct buf *hosts, struct buf *metadata,
                 struct msg *command)
{
    struct msg_set *to = &command->as_set;
    size_t count = params_count(form->params, STR("hostname"));
    size_t statuses = params_count(form->params, STR("status"));
    size_t metadatas = params_count(form->params, STR("metadata"));

    command->type = MSG_TYPE_SET;
    to->zone = form_name(form, "zone", FORM_REQUIRED);
    to->env = form_name(form, "env", FORM_REQUIRED);
    to->appid = form_name(form, "appid", FORM_REQUIRED);
    to->set_timestamp = form_timestamp(form, "set_timestamp");
    to->statuses_given = statuses > 0;
    to->metadatas_given = metadatas > 0;
    if (count == 0) {
        form_wrong(form, "hostname", "is required");
    } else if (statuses > 0 && statuses != count) {
        form_wrong(form, "status", "must be given once for each of %zu hostname, got %zu", count,
                   statuses);
    } else if (metadatas > 0 && metadatas != count) {
        form_wrong(form, "metadata", "must be given once for each of %zu hostname, got %zu", count,
                   metadatas);
    } else {
        form_hosts(form, to, hosts, metadata);
    }
    to->origin = sender.origin;
    to->replication = sender.replication;
    to->from_zone = sender.from_zone;
}
