#include "gateway/discovery/command.h"

#include "common/naming/instance.h"
#include "common/naming/limits.h"
#include "gateway/discovery/metadata.h"

bool command_claims_node(const struct param_reader *form)
{
    return param_flag(form, "replication") || param_flag(form, "from_zone");
}

struct sender command_sender(const struct param_reader *form, bool believed)
{
    if (!command_claims_node(form)) {
        return (struct sender){.origin = ORIGIN_CLIENT};
    }
    if (!believed) {
        return (struct sender){.origin = ORIGIN_STRANGER};
    }
    return (struct sender){param_flag(form, "replication"), param_flag(form, "from_zone"),
                           ORIGIN_HTTP_PEER};
}

static struct identity form_identity(struct param_reader *form)
{
    struct identity id;

    id.zone = param_name(form, "zone", PARAM_REQUIRED);
    id.env = param_name(form, "env", PARAM_REQUIRED);
    id.appid = param_name(form, "appid", PARAM_REQUIRED);
    id.hostname = param_name(form, "hostname", PARAM_REQUIRED);
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

void command_register(struct param_reader *form, struct sender sender, struct buf *addrs,
                      struct buf *metadata, struct msg *command)
{
    struct msg_register *to = &command->as_register;
    struct identity id;

    command->type = MSG_TYPE_REGISTER;
    to->region = param_name(form, "region", PARAM_OPTIONAL);
    id = form_identity(form);
    to->status = param_status(form);
    to->addrs = param_addrs(form, sender.origin == ORIGIN_HTTP_PEER, addrs);
    to->version = param_text(form, "version", limit_version_bytes);
    to->metadata = param_metadata(form, params_get(form->params, STR("metadata")), metadata,
                                  &to->metadata_null);
    to->latest_timestamp = param_timestamp(form, "latest_timestamp");
    to->dirty_timestamp = param_timestamp(form, "dirty_timestamp");
    WHO(to, id, sender);
}

void command_renew(struct param_reader *form, struct sender sender, struct msg *command)
{
    struct msg_renew *to = &command->as_renew;
    struct identity id = form_identity(form);

    command->type = MSG_TYPE_RENEW;
    to->dirty_timestamp = param_timestamp(form, "dirty_timestamp");
    WHO(to, id, sender);
}

void command_cancel(struct param_reader *form, struct sender sender, struct msg *command)
{
    struct msg_cancel *to = &command->as_cancel;
    struct identity id = form_identity(form);

    command->type = MSG_TYPE_CANCEL;
    to->latest_timestamp = param_timestamp(form, "latest_timestamp");
    WHO(to, id, sender);
}
#undef WHO

/* One HOST a hostname, with the status and metadata at its place where they are given. */
static void form_hosts(struct param_reader *form, struct msg_set *to, struct buf *store,
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
            param_wrong(form, "hostname", "may have at most %d bytes, got %zu", limit_name_bytes,
                        hostname.len);
        }
        host.as_host.hostname = hostname;
        if (to->statuses_given && params_each(form->params, STR("status"), &status_at, &text)) {
            host.as_host.status = param_status_of(form, text, false);
        }
        metadata->len = 0;
        if (to->metadatas_given &&
            params_each(form->params, STR("metadata"), &metadata_at, &text)) {
            host.as_host.metadata =
                param_metadata(form, text, metadata, &host.as_host.metadata_null);
            host.as_host.metadata_null = host.as_host.metadata_null && metadata_is_null(text);
        }
        msg_list_add(&to->hosts, store, &host);
    }
}

void command_set(struct param_reader *form, struct sender sender, struct buf *hosts,
                 struct buf *metadata, struct msg *command)
{
    struct msg_set *to = &command->as_set;
    size_t count = params_count(form->params, STR("hostname"));
    size_t statuses = params_count(form->params, STR("status"));
    size_t metadatas = params_count(form->params, STR("metadata"));

    command->type = MSG_TYPE_SET;
    to->zone = param_name(form, "zone", PARAM_REQUIRED);
    to->env = param_name(form, "env", PARAM_REQUIRED);
    to->appid = param_name(form, "appid", PARAM_REQUIRED);
    to->set_timestamp = param_timestamp(form, "set_timestamp");
    to->statuses_given = statuses > 0;
    to->metadatas_given = metadatas > 0;
    if (count == 0) {
        param_wrong(form, "hostname", "is required");
    } else if (statuses > 0 && statuses != count) {
        param_wrong(form, "status", "must be given once for each of %zu hostname, got %zu", count,
                    statuses);
    } else if (metadatas > 0 && metadatas != count) {
        param_wrong(form, "metadata", "must be given once for each of %zu hostname, got %zu", count,
                    metadatas);
    } else if (param_is_text(form, "hostname")) {
        form_hosts(form, to, hosts, metadata);
    }
    to->origin = sender.origin;
    to->replication = sender.replication;
    to->from_zone = sender.from_zone;
}
