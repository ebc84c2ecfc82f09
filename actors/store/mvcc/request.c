#include "actors/store/mvcc/request.h"

#include "common/etcdapi/protobuf.h"

/* Field numbers of kv.proto. */
enum { txn_success = 2, txn_failure = 3, op_txn = 4 };

/* protobuf-c recurses as deep as bytes say. Whatever this takes for malformed is not handed to
 * it. */
static enum err check_depth(struct str txn, unsigned depth)
{
    struct pb_field field;

    if (depth > request_depth_max) {
        return ERR_TOO_LARGE;
    }
    while (pb_next(&txn, &field)) {
        struct str op = field.bytes;

        if (field.wire != PB_BYTES ||
            (field.number != txn_success && field.number != txn_failure)) {
            continue;
        }
        while (pb_next(&op, &field)) {
            enum err err = field.wire == PB_BYTES && field.number == op_txn
                               ? check_depth(field.bytes, depth + 1)
                               : ERR_OK;

            if (err != ERR_OK) {
                return err;
            }
        }
        if (op.len > 0) {
            return ERR_MALFORMED;
        }
    }
    return txn.len > 0 ? ERR_MALFORMED : ERR_OK;
}

enum err request_unpack(enum etcd_method method, struct str bytes, struct arena *arena,
                        ProtobufCMessage **request)
{
    ProtobufCAllocator allocator = arena_allocator(arena);
    ProtobufCMessage *unpacked;
    enum err err = method == ETCD_METHOD_TXN ? check_depth(bytes, 1) : ERR_OK;

    if (err != ERR_OK) {
        return err;
    }
    unpacked = protobuf_c_message_unpack(etcd_method_row(method)->request, &allocator, bytes.len,
                                         (const uint8_t *)bytes.data);
    if (unpacked == NULL) {
        return ERR_MALFORMED;
    }
    *request = unpacked;
    return ERR_OK;
}
