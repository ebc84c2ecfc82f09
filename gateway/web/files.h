/* The files of the dashboard, as they stand in gateway/web/ui: inside the program from its build
 * on, so that a node has its page wherever it was copied to. */
#ifndef GATEWAY_WEB_FILES_H
#define GATEWAY_WEB_FILES_H

#include "common/base/str.h"

// clang-format off
/* F(NAME, path below /ui/, what it is) */
#define WEB_FILE_TABLE(F)                                  \
    F(INDEX,               "index.html",             HTML) \
    F(ICON,                "icon.svg",               SVG)  \
    F(BASE_CSS,            "base.css",               CSS)  \
    F(PARTS_CSS,           "parts.css",              CSS)  \
    F(HEAD_CSS,            "head.css",               CSS)  \
    F(OVERVIEW_CSS,        "overview.css",           CSS)  \
    F(LISTS_CSS,           "lists.css",              CSS)  \
    F(NODE_CSS,            "node.css",               CSS)  \
    F(API,                 "api.js",                 JS)   \
    F(COMMANDS,            "commands.js",            JS)   \
    F(DOM,                 "dom.js",                 JS)   \
    F(EARLY,               "early.js",               JS)   \
    F(FEED,                "feed.js",                JS)   \
    F(FORMAT,              "format.js",              JS)   \
    F(I18N,                "i18n.js",                JS)   \
    F(KEPT,                "kept.js",                JS)   \
    F(KEYS,                "keys.js",                JS)   \
    F(LIVE,                "live.js",                JS)   \
    F(MAIN,                "main.js",                JS)   \
    F(MARKS,               "marks.js",               JS)   \
    F(PAGED,               "paged.js",               JS)   \
    F(PULSE,               "pulse.js",               JS)   \
    F(ROUTE,               "route.js",               JS)   \
    F(ROWS,                "rows.js",                JS)   \
    F(SAMPLES,             "samples.js",             JS)   \
    F(SPARK,               "spark.js",               JS)   \
    F(TABLE,               "table.js",               JS)   \
    F(I18N_EN,             "i18n/en.js",             JS)   \
    F(I18N_ZH,             "i18n/zh.js",             JS)   \
    F(VIEWS_ACTORS,        "views/actors.js",        JS)   \
    F(VIEWS_APP,           "views/app.js",           JS)   \
    F(VIEWS_APPS,          "views/apps.js",          JS)   \
    F(VIEWS_CLUSTER,       "views/cluster.js",       JS)   \
    F(VIEWS_CONFIG,        "views/config.js",        JS)   \
    F(VIEWS_COUNTERS,      "views/counters.js",      JS)   \
    F(VIEWS_GAUGES,        "views/gauges.js",        JS)   \
    F(VIEWS_HELP,          "views/help.js",          JS)   \
    F(VIEWS_INSTANCE,      "views/instance.js",      JS)   \
    F(VIEWS_LOGS,          "views/logs.js",          JS)   \
    F(VIEWS_NODE,          "views/node.js",          JS)   \
    F(VIEWS_OVERVIEW,      "views/overview.js",      JS)   \
    F(VIEWS_PROTECTION,    "views/protection.js",    JS)   \
    F(VIEWS_VERDICT,       "views/verdict.js",       JS)
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
