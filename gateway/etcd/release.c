#include "gateway/etcd/release.h"

static bool take_number(struct str *rest, char behind, unsigned *number)
{
    size_t len = 0;
    uint32_t value;

    while (len < rest->len && rest->data[len] >= '0' && rest->data[len] <= '9') {
        len++;
    }
    if (len == 0 || str_to_u32((struct str){rest->data, len}, &value) != ERR_OK ||
        (behind != 0 && (len == rest->len || rest->data[len] != behind))) {
        return false;
    }
    *number = value;
    len += behind != 0;
    rest->data += len;
    rest->len -= len;
    return true;
}

enum err release_parse(struct release *self, struct str text)
{
    struct str rest = text;
    unsigned patch;
    struct release read = {0};

    if (text.len >= sizeof(read.text) || !take_number(&rest, '.', &read.major) ||
        !take_number(&rest, '.', &read.minor) || !take_number(&rest, 0, &patch) || rest.len > 0) {
        return ERR_MALFORMED;
    }
    memcpy(read.text, text.data, text.len);
    *self = read;
    return ERR_OK;
}
