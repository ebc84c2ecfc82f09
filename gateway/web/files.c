#include "gateway/web/files.h"

#define WEB_HTML "text/html; charset=utf-8"
#define WEB_CSS "text/css; charset=utf-8"
#define WEB_JS "text/javascript; charset=utf-8"
#define WEB_SVG "image/svg+xml"

// clang-format off
/* MUSTER_WEB_UI: the folder, from the build. */
#define WEB_FILE_BYTES(NAME, path, type)                     \
    __asm__(".pushsection .rodata\n"                         \
            ".global web_bytes_" #NAME "\n"                  \
            "web_bytes_" #NAME ":\n"                         \
            ".incbin \"" MUSTER_WEB_UI "/" path "\"\n"       \
            ".global web_end_" #NAME "\n"                    \
            "web_end_" #NAME ":\n"                           \
            ".popsection\n");                                \
    extern const char web_bytes_##NAME[];                    \
    extern const char web_end_##NAME[];
WEB_FILE_TABLE(WEB_FILE_BYTES)
// clang-format on

struct span {
    struct str path;
    const char *type;
    const char *from;
    const char *to;
};

#define WEB_FILE_SPAN(NAME, path, type)                                                            \
    {{path, sizeof(path) - 1}, WEB_##type, web_bytes_##NAME, web_end_##NAME},
static const struct span spans[WEB_FILE_COUNT] = {WEB_FILE_TABLE(WEB_FILE_SPAN)};

struct web_content web_content(enum web_file file)
{
    const struct span *span = &spans[file];

    return (struct web_content){
        .path = span->path,
        .type = span->type,
        .bytes = {span->from, (size_t)((uintptr_t)span->to - (uintptr_t)span->from)},
    };
}

enum err web_file_find(struct str path, enum web_file *file)
{
    for (size_t i = 0; i < WEB_FILE_COUNT; i++) {
        if (str_eq(spans[i].path, path)) {
            *file = (enum web_file)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}
