/* A form as the endpoints read it: whatever comes, values keep to their limits and
 * what is wrong is said.
 *
 * Covers: gateway/discovery/param_reader.c
 */
#include <assert.h>
#include <stdint.h>

#include "common/naming/instance.h"
#include "common/naming/limits.h"
#include "gateway/discovery/param_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addrs(struct param_reader *form, bool split)
{
    struct buf store = {0};
    struct strs addrs = param_addrs(form, split, &store);
    struct str rest = addrs.bytes;
    struct str addr;
    uint32_t count = 0;

    while (strs_next(&rest, &addr)) {
        assert(addr.len > 0 && addr.len <= limit_addr_bytes);
        count++;
    }
    assert(count == addrs.count);
    assert(!param_ok(form) || (count > 0 && count <= limit_addrs));
    buf_fini(&store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct params params = {0};
    struct param_reader form;
    struct buf store = {0};
    int64_t stamp;
    uint32_t status;
    bool is_null;

    (void)params_add_form(&params, (struct str){(const char *)data, size}, limit_parameters);
    param_reader_init(&form, &params);
    assert(param_name(&form, "zone", PARAM_REQUIRED).len <= limit_name_bytes);
    assert(param_text(&form, "version", limit_version_bytes).len <= limit_version_bytes);
    stamp = param_timestamp(&form, "dirty_timestamp");
    assert(stamp >= 0 && stamp <= timestamp_told_max);
    status = param_status(&form);
    assert(param_ok(&form) ? status == STATUS_UP || status == STATUS_WAITING : status <= 2);
    (void)param_flag(&form, "replication");
    check_addrs(&form, size % 2 == 0);
    (void)param_metadata(&form, params_get(&params, STR("metadata")), &store, &is_null);
    buf_fini(&store);
    param_reader_fini(&form);
    params_fini(&params);
    return 0;
}
