#include "common/base/err.h"

#include <errno.h>

#include <stddef.h>

struct err_row {
    int value;
    int discovery;
    int http;
    int grpc;
    const char *name;
    const char *text;
};

static const struct err_row rows[] = {
#define ERR_ROW(NAME, value, discovery, http, grpc, text)                                          \
    {(value), (discovery), (http), (grpc), #NAME, (text)},
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

static const struct err_row unknown = {-1000, -500, 500, 2, "UNKNOWN", "unknown error"};

static const struct err_row *row_of(enum err err)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].value == (int)err) {
            return &rows[i];
        }
    }
    return &unknown;
}

const char *err_text(enum err err)
{
    return row_of(err)->text;
}

const char *err_name(enum err err)
{
    return row_of(err)->name;
}

int err_discovery_code(enum err err)
{
    return row_of(err)->discovery;
}

int err_http_status(enum err err)
{
    return row_of(err)->http;
}

int err_grpc_status(enum err err)
{
    return row_of(err)->grpc;
}

enum err err_of_file(int number)
{
    static const int lasting[] = {EACCES, EPERM, EROFS, EIO, ELOOP, ENOTDIR, EISDIR};

    for (unsigned i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
        if (number == lasting[i]) {
            return ERR_UNUSABLE;
        }
    }
    return ERR_IO;
}
