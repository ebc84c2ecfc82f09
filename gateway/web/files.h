/* The files of the dashboard, as they stand in gateway/web/ui: inside the program from its build
 * on, so that a node has its page wherever it was copied to. */
#ifndef GATEWAY_WEB_FILES_H
#define GATEWAY_WEB_FILES_H

#include "common/base/str.h"

// clang-format off
/* F(NAME, path below /ui/, what it is) */
#define WEB_FILE_TABLE(F)                                  \
    F(INDEX,       "index.html",       HTML)               \
    F(ICON,        "icon.svg",         SVG)
// clang-format on

enum web_file {
#define WEB_FILE_ENUM(NAME, path, type) WEB_FILE_##NAME,
    WEB_FILE_TABLE(WEB_FILE_ENUM)
#undef WEB_FILE_ENUM
        WEB_FILE_COUNT
};

struct web_content {
    struct str path;
    const char *type; /* Content-Type */
    struct str bytes; /* static */
};

struct web_content web_content(enum web_file file);
/* Errors: ERR_NOT_FOUND. */
enum err web_file_find(struct str path, enum web_file *file);

#endif
