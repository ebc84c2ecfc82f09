#include "actors/store/mvcc/key_value.h"

#include "common/etcdapi/protobuf.h"

enum err key_value_read(struct str record, Mvccpb__KeyValue *kv)
{
    struct pb_field field;

    mvccpb__key_value__init(kv);
    while (pb_next(&record, &field)) {
        switch (field.number) {
        case 1:
            kv->key = bytes_of_str(field.bytes);
            break;
        case 2:
            kv->create_revision = (int64_t)field.value;
            break;
        case 3:
            kv->mod_revision = (int64_t)field.value;
            break;
        case 4:
            kv->version = (int64_t)field.value;
            break;
        case 5:
            kv->value = bytes_of_str(field.bytes);
            break;
        case 6:
            kv->lease = (int64_t)field.value;
            break;
        default:
            break;
        }
    }
    return record.len == 0 ? ERR_OK : ERR_CORRUPT;
}
