/* A JSON document as a message of etcd's, and bytes as one. The first byte chooses which of the
 * two, and the type. What was read is written, and reads alike again.
 *
 * Covers: gateway/etcd/json_read.c gateway/etcd/json_scalar.c gateway/etcd/json_wrong.c
 *         gateway/etcd/json_print.c gateway/etcd/base64.c common/etcdapi/protobuf.c
 */
#include <assert.h>

#include "common/etcdapi/methods.h"
#include "gateway/etcd/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_document(const ProtobufCMessageDescriptor *type, struct str text)
{
    struct buf packed = {0};
    struct buf why = {0};
    struct buf written = {0};
    struct buf again = {0};
    struct buf twice = {0};

    if (json_to_message(type, text, &packed, &why) != ERR_OK) {
        assert(why.len > 0);
    } else {
        assert(json_of_message(type, buf_str(&packed), &written) == ERR_OK);
        assert(json_to_message(type, buf_str(&written), &again, &why) == ERR_OK);
        assert(json_of_message(type, buf_str(&again), &twice) == ERR_OK);
        assert(str_eq(buf_str(&written), buf_str(&twice)));
        assert(why.len == 0);
    }
    buf_fini(&packed);
    buf_fini(&why);
    buf_fini(&written);
    buf_fini(&again);
    buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct etcd_method_row *row;
    const ProtobufCMessageDescriptor *type;
    struct str bytes;

    if (size == 0) {
        return 0;
    }
    row = etcd_method_row((enum etcd_method)(1 + (data[0] >> 2) % (ETCD_METHOD_END - 1)));
    type = (data[0] & 2) != 0 ? row->response : row->request;
    bytes = (struct str){(const char *)data + 1, size - 1};
    if ((data[0] & 1) == 0) {
        read_document(type, bytes);
    } else {
        struct buf text = {0};

        if (json_of_message(type, bytes, &text) == ERR_OK) {
            read_document(type, buf_str(&text));
        }
        buf_fini(&text);
    }
    return 0;
}
