#include "actors/store/reply.h"

void store_refuse_with(const struct address *to, uint64_t id, enum grpc_code code, struct str text,
                       struct outbox *out)
{
    const struct msg msg = {.type = MSG_TYPE_ANSWERED,
                            .as_answered = {.id = id, .code = code, .text = text}};

    (void)outbox_reply(out, OUTBOX_NOW, to, &msg);
}

void store_refuse(const struct address *to, uint64_t id, enum outbox_lane lane,
                  enum etcd_error error, struct outbox *out)
{
    const struct msg msg = {
        .type = MSG_TYPE_ANSWERED,
        .as_answered = {.id = id, .code = etcd_error_code(error), .text = etcd_error_text(error)}};

    (void)outbox_reply(out, lane, to, &msg);
}
