#include "gateway/operate/near.h"

#include "gateway/operate/fields.h"

enum { looked_at_max = 16384, alike_bytes = 4 };

bool str_holds(struct str text, struct str part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        if (str_eq_nocase((struct str){text.data + at, part.len}, part)) {
            return true;
        }
    }
    return false;
}

/* How near: 0 is not. */
enum nearness { FAR, BEGINS_ALIKE, HOLDS, SAME_NAME, NEARNESS_COUNT };

static enum nearness nearness_of(const struct app_info *info, struct str env, struct str appid)
{
    struct str head = {appid.data, appid.len < alike_bytes ? appid.len : alike_bytes};

    if (str_eq_nocase(info->appid, appid)) {
        return SAME_NAME;
    }
    if (!str_eq(info->env, env)) {
        return FAR;
    }
    if (str_holds(info->appid, appid) || str_holds(appid, info->appid)) {
        return HOLDS;
    }
    return str_starts(info->appid, head) ? BEGINS_ALIKE : FAR;
}

static void keep(uint32_t *list, size_t *count, uint32_t app)
{
    if (*count < near_max) {
        list[(*count)++] = app;
    }
}

void near_apps(const struct registry *registry, struct str env, struct str appid, struct buf *to)
{
    uint32_t found[NEARNESS_COUNT][near_max] = {{0}};
    size_t count[NEARNESS_COUNT] = {0};
    size_t told = 0;
    struct app_info info;

    for (uint32_t app = 0; app < registry_app_count(registry) && app < looked_at_max; app++) {
        if (registry_app_used(registry, app)) {
            registry_app(registry, app, &info);
            if (info.live_count > 0) {
                enum nearness how = nearness_of(&info, env, appid);

                keep(found[how], &count[how], app);
            }
        }
    }
    for (unsigned how = SAME_NAME; how > FAR; how--) {
        for (size_t i = 0; i < count[how] && told < near_max; i++, told++) {
            registry_app(registry, found[how][i], &info);
            if (told > 0) {
                buf_add_char(to, ',');
            }
            buf_add_char(to, '{');
            field_text(to, "env", info.env);
            field_text(to, "appid", info.appid);
            buf_add_char(to, '}');
        }
    }
}
