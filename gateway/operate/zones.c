#include "gateway/operate/zones.h"

#include "common/base/json.h"
#include "gateway/operate/fields.h"

enum { zones_max = 32 };

void zones_print(struct buf *to, const struct registry *registry, uint32_t app,
                 const struct app_info *info)
{
    size_t from = to->len;
    size_t whole;

    field_open(to, "zones", '{');
    for (uint32_t i = 0; i < info->zone_count && i < zones_max; i++) {
        struct zone_info zone;

        registry_zone(registry, app, i, &zone);
        whole = to->len;
        field_item(to);
        json_quote(to, zone.zone);
        buf_add_char(to, ':');
        buf_add_i64(to, zone.slot_count);
        if (to->len - from > zones_print_max) {
            to->len = whole;
            break;
        }
    }
    buf_add_char(to, '}');
    field_number(to, "zones_total", info->zone_count);
}
