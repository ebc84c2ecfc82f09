#include "actors/store/node/call_codec.h"

#include "common/wire/codec.h"

void call_add(struct buf *to, const struct machine_call *call)
{
    msg_encode(to, &(struct msg){.type = MSG_TYPE_LOG_CALL,
                                 .as_log_call = {.member = call->member,
                                                 .boot = call->boot,
                                                 .number = call->number,
                                                 .body = call->body}});
}

bool call_next(struct str *rest, struct machine_call *call)
{
    struct str left = *rest;
    struct msg msg;

    if (left.len == 0 || msg_decode(&left, &msg) != ERR_OK || msg.type != MSG_TYPE_LOG_CALL) {
        return false;
    }
    *call = (struct machine_call){msg.as_log_call.member, msg.as_log_call.boot,
                                  msg.as_log_call.number, msg.as_log_call.body};
    *rest = left;
    return true;
}

void change_add(struct buf *to, const struct raft_change *change)
{
    msg_encode(to, &(struct msg){.type = MSG_TYPE_LOG_CHANGE,
                                 .as_log_change = {.kind = change->type, .member = change->id}});
}

enum err change_read(struct str data, struct raft_change *change)
{
    struct msg msg;

    if (msg_decode(&data, &msg) != ERR_OK || msg.type != MSG_TYPE_LOG_CHANGE || data.len != 0 ||
        msg.as_log_change.kind > RAFT_CHANGE_REMOVE || msg.as_log_change.member == 0) {
        return ERR_INVALID;
    }
    *change = (struct raft_change){(enum raft_change_type)msg.as_log_change.kind,
                                   msg.as_log_change.member};
    return ERR_OK;
}
