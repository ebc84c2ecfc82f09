/* A form as the endpoints read it: whatever comes, values keep to their limits and
 * what is wrong is said.
 *
 * Covers: gateway/discovery/form.c
 */
#include <assert.h>
#include <stdint.h>

#include "common/naming/instance.h"
#include "common/naming/limits.h"
#include "gateway/discovery/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addrs(struct form *form, bool split)
{
    struct buf store = {0};
    struct strs addrs = form_addrs(form, split, &store);
    struct str rest = addrs.bytes;
    struct str addr;
    uint32_t count = 0;

    while (strs_next(&rest, &addr)) {
        assert(addr.len > 0 && addr.len <= limit_addr_bytes);
        count++;
    }
    assert(count == addrs.count);
    assert(!form_ok(form) || (count > 0 && count <= limit_addrs));
    buf_fini(&store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct params params = {0};
    struct form form;
    struct buf store = {0};
    int64_t stamp;
    uint32_t status;
    bool is_null;

    (void)params_add_form(&params, (struct str){(const char *)data, size}, limit_parameters);
    form_init(&form, &params);
    assert(form_name(&form, "zone", FORM_REQUIRED).len <= limit_name_bytes);
    assert(form_text(&form, "version", limit_version_bytes).len <= limit_version_bytes);
    stamp = form_timestamp(&form, "dirty_timestamp");
    assert(stamp >= 0 && stamp <= timestamp_told_max);
    status = form_status(&form);
    assert(form_ok(&form) ? status == STATUS_UP || status == STATUS_WAITING : status <= 2);
    (void)form_flag(&form, "replication");
    check_addrs(&form, size % 2 == 0);
    (void)form_metadata(&form, params_get(&params, STR("metadata")), &store, &is_null);
    buf_fini(&store);
    form_fini(&form);
    params_fini(&params);
    return 0;
}
