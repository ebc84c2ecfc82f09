/* What another node answers over HTTP: nothing is read past its end, every instance taken is within
 * the registry's limits, and where jansson reads the whole text it holds as many.
 *
 * Covers: actors/replicator/http_answer.c
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "actors/replicator/http_answer.h"
#include "common/naming/change.h"
#include "common/naming/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t date_ns = 1795305600000000000;
static const int64_t latest_ns = 30000000000; /* after it */

static void check_name(struct str name, size_t min, size_t max)
{
    assert(name.len >= min && name.len <= max);
}

static void check_timestamp(int64_t timestamp)
{
    assert(timestamp >= 0 && timestamp <= timestamp_told_max);
}

/* Not known of a heartbeat that is later than the answer may be. */
static void check_age(int64_t age_ms, int64_t renew_timestamp)
{
    assert(age_ms >= -1 && (age_ms == -1) == (renew_timestamp - date_ns > latest_ns));
}

static void check_lists(const struct msg_put *put)
{
    struct str rest = put->addrs.bytes;
    struct str last = {0};
    struct str item;
    struct str value;
    uint32_t count = 0;

    while (strs_next(&rest, &item)) {
        assert(item.len > 0 && item.len <= 512 && memchr(item.data, ',', item.len) == NULL);
        count++;
    }
    assert(count == put->addrs.count && count > 0 && count <= 64);
    rest = put->metadata.bytes;
    for (count = 0; strs_next(&rest, &item); count++) {
        bool paired = strs_next(&rest, &value);

        assert(paired && (count == 0 || str_cmp(last, item) < 0));
        last = item;
    }
    assert(count == put->metadata.count && count <= 64);
    assert(!put->metadata_null || count == 0);
}

static void check_records(const struct msg_list *records, uint32_t count)
{
    struct str rest = records->bytes;
    struct msg msg;

    assert(records->count == count);
    while (msg_next(&rest, &msg)) {
        const struct msg_put *put = &msg.as_put;

        assert(msg.type == MSG_TYPE_PUT && put->kind == CHANGE_REGISTER);
        check_age(put->age_ms, put->renew_timestamp);
        check_name(put->env, 1, 255);
        check_name(put->appid, 1, 255);
        check_name(put->zone, 1, 255);
        check_name(put->hostname, 1, 255);
        check_name(put->region, 0, 255);
        check_name(put->version, 0, 512);
        assert(put->status == STATUS_UP || put->status == STATUS_WAITING);
        check_timestamp(put->reg_timestamp);
        check_timestamp(put->up_timestamp);
        check_timestamp(put->renew_timestamp);
        check_timestamp(put->dirty_timestamp);
        check_timestamp(put->latest_timestamp);
        check_lists(put);
        count--;
    }
    assert(count == 0);
}

/* How many instances jansson sees; -1: that is no list. */
static int64_t count_of(json_t *root, enum answer_list list)
{
    json_t *lists = json_object_get(root, "data");
    bool has_code = false;
    int64_t count = 0;
    const char *name;
    json_t *value;

    json_object_foreach(root, name, value)
    {
        has_code = has_code || (strcmp(name, "code") == 0 && json_is_integer(value));
        if (strcmp(name, "data") == 0 && !has_code) {
            return -1;
        }
    }
    if (!has_code) {
        return -1;
    }
    if (json_integer_value(json_object_get(root, "code")) != 0) {
        return 0;
    }
    lists = list == ANSWER_FETCH ? json_object_get(lists, "instances") : lists;
    json_object_foreach(lists, name, value)
    {
        count += (int64_t)json_array_size(value);
    }
    return count;
}

static void check_list(struct str text, json_t *root, enum answer_list list)
{
    struct answer_reader reader = {.list = list, .text = text, .date_ns = date_ns};
    struct msg_list records = {0};
    struct buf store = {0};
    uint32_t taken = 0;
    uint32_t passed = 0;
    enum answer_step step;

    while ((step = answer_next(&reader, &records, &store)) == ANSWER_RECORD ||
           step == ANSWER_PASSED) {
        taken += step == ANSWER_RECORD;
        passed += step == ANSWER_PASSED;
    }
    assert(reader.passed == passed && reader.at <= text.len);
    check_records(&records, taken);
    if (root != NULL) {
        int64_t count = count_of(root, list);

        assert(count < 0 ? step == ANSWER_BROKEN
                         : step == ANSWER_END && count == (int64_t)taken + passed);
    }
    buf_fini(&store);
}

static void check_one(struct str text, json_t *root)
{
    const json_t *code = json_object_get(root, "code");
    struct msg_list records = {0};
    struct buf store = {0};
    bool good = answer_instance(text, date_ns, &records, &store);

    check_records(&records, good);
    if (root != NULL) {
        assert(answer_code(text) ==
               (json_is_integer(code) ? json_integer_value(code) : answer_codeless));
    } else {
        (void)answer_code(text);
    }
    buf_fini(&store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    json_t *root =
        size == 0 ? NULL
                  : json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    /* jansson loses a NUL behind a number, and reads on */
    if (!json_is_object(root) || memchr(data, '\0', size) != NULL) {
        json_decref(root);
        root = NULL;
    }
    check_one(text, root);
    check_list(text, root, ANSWER_FETCH);
    check_list(text, root, ANSWER_FETCH_ALL);
    json_decref(root);
    return 0;
}
