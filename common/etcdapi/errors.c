#include "common/etcdapi/errors.h"

#include <assert.h>

static const struct {
    enum grpc_code code;
    struct str text;
} errors[ETCD_ERROR_END] = {[ETCD_OK] = {GRPC_OK, {"", 0}},
#define ERROR_ROW(NAME, code, text) [ETCD_ERROR_##NAME] = {GRPC_##code, {(text), sizeof(text) - 1}},
                            ETCD_ERROR_TABLE(ERROR_ROW)
#undef ERROR_ROW
};

static const unsigned http_statuses[GRPC_END] = {
#define HTTP_ROW(NAME, number, http) [number] = (http),
    GRPC_TABLE(HTTP_ROW)
#undef HTTP_ROW
};

enum grpc_code etcd_error_code(enum etcd_error error)
{
    assert(error < ETCD_ERROR_END);
    return errors[error].code;
}

struct str etcd_error_text(enum etcd_error error)
{
    assert(error < ETCD_ERROR_END);
    return errors[error].text;
}

unsigned grpc_http_status(enum grpc_code code)
{
    assert(code < GRPC_END);
    return http_statuses[code];
}
