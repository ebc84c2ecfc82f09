#include "gateway/operate/schedule.h"

#include "common/base/json.h"
#include "gateway/operate/fields.h"

/* Triplets: the zone clients are in, a zone of instances, its weight; in order of the zones. */
static void add_clients(struct buf *to, struct strs triplets)
{
    struct str rest = triplets.bytes;
    struct str client;
    struct str zone;
    struct str weight;
    struct str before = {0};
    bool any = false;

    field_open(to, "clients", '{');
    while (strs_next(&rest, &client) && strs_next(&rest, &zone) && strs_next(&rest, &weight)) {
        if (!any || !str_eq(before, client)) {
            buf_add_str(to, any ? STR("}") : STR(""));
            field_item(to);
            json_quote(to, client);
            buf_add_str(to, STR(":{"));
        }
        any = true;
        before = client;
        field_item(to);
        json_quote(to, zone);
        buf_add_char(to, ':');
        buf_add_str(to, weight); /* decimal digits: the registry has checked them */
    }
    buf_add_str(to, any ? STR("}}") : STR("}"));
}

void schedule_print(struct buf *to, const struct registry *registry, uint32_t app, size_t max)
{
    struct app_info info = {.schedule_slot = REGISTRY_NONE};
    struct instance schedule;
    size_t from;

    if (app != REGISTRY_NONE) {
        registry_app(registry, app, &info);
    }
    if (info.schedule_slot == REGISTRY_NONE) {
        field_null(to, "clients");
        field_null(to, "weights");
        field_null(to, "remark");
        field_null(to, "changed");
        return;
    }
    registry_instance(registry, info.schedule_slot, &schedule);
    from = to->len;
    add_clients(to, schedule.addrs);
    if (to->len - from > max) {
        to->len = from;
        field_null(to, "clients");
    }
    field_number(to, "weights", schedule.addrs.count / 3);
    field_text(to, "remark", schedule.version);
    field_time(to, "changed", schedule.dirty_timestamp);
}
