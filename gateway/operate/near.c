#include "gateway/operate/near.h"

#include "common/naming/limits.h"
#include "gateway/operate/fields.h"

enum { alike_bytes = 4 };

bool str_holds(struct str text, struct str part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        if (str_eq_nocase((struct str){text.data + at, part.len}, part)) {
            return true;
        }
    }
    return false;
}

static enum nearness nearness_of(const struct app_info *info, struct str env, struct str appid)
{
    struct str head = {appid.data, appid.len < alike_bytes ? appid.len : alike_bytes};

    if (str_eq_nocase(info->appid, appid)) {
        return NEAR_SAME_NAME;
    }
    if (!str_eq(info->env, env)) {
        return NEAR_FAR;
    }
    if (str_holds(info->appid, appid) || str_holds(appid, info->appid)) {
        return NEAR_HOLDS;
    }
    return str_starts(info->appid, head) ? NEAR_BEGINS_ALIKE : NEAR_FAR;
}

bool near_look(struct near *self, const struct registry *registry, struct str env, struct str appid,
               size_t *budget)
{
    struct app_info info;

    if (!name_fits(appid)) {
        return true;
    }
    for (; self->at < registry_app_count(registry); self->at++) {
        enum nearness how;

        if (*budget == 0) {
            return false;
        }
        --*budget;
        if (!registry_app_used(registry, self->at)) {
            continue;
        }
        registry_app(registry, self->at, &info);
        how = nearness_of(&info, env, appid);
        if (info.live_count > 0 && self->count[how] < near_max) {
            self->found[how][self->count[how]++] = self->at;
        }
    }
    return true;
}

void near_tell(const struct near *self, const struct registry *registry, struct buf *to)
{
    size_t told = 0;
    struct app_info info;

    for (unsigned how = NEAR_SAME_NAME; how > NEAR_FAR; how--) {
        for (size_t i = 0; i < self->count[how] && told < near_max; i++) {
            if (!registry_app_used(registry, self->found[how][i])) {
                continue; /* it has gone since */
            }
            registry_app(registry, self->found[how][i], &info);
            if (told++ > 0) {
                buf_add_char(to, ',');
            }
            buf_add_char(to, '{');
            field_text(to, "env", info.env);
            field_text(to, "appid", info.appid);
            buf_add_char(to, '}');
        }
    }
}
