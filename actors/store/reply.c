#include "actors/store/reply.h"

#include "actors/store/store_state.h"

void store_answer(struct store *self, const struct address *to, uint64_t id, enum outbox_lane lane,
                  struct str response, struct outbox *out)
{
    const struct msg msg = {.type = MSG_TYPE_ANSWERED,
                            .as_answered = {.id = id, .response = response}};

    if (response.len > parts_part_bytes ? parts_add(self, to, id, response, NULL) != ETCD_OK
                                        : outbox_reply(out, lane, to, &msg) != ERR_OK) {
        self->refused_total++;
        store_refuse(to, id, lane, ETCD_ERROR_TOO_MANY_REQUESTS, out);
    }
}

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
