/* The JSON scanner against jansson: what jansson reads, it reads alike; what
 * jansson refuses, it accepts only where it is meant to (bytes that are no UTF-8, lone
 * surrogates, numbers beyond a double, NUL in a key). And metadata over the same
 * bytes: what is accepted is within its limits, sorted, each key once.
 *
 * Covers: common/base/scanner.c gateway/discovery/metadata.c
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/scanner.h"
#include "common/naming/limits.h"
#include "gateway/discovery/metadata.h"
#include "gateway/discovery/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct json_value *ours, const json_t *theirs);

static void same_string(struct str raw, const json_t *theirs)
{
    struct buf text = {0};

    json_unquote(&text, raw);
    assert(text.len == json_string_length(theirs));
    assert(text.len == 0 || memcmp(text.data, json_string_value(theirs), text.len) == 0);
    buf_fini(&text);
}

/* Of equal names jansson keeps the last: values are compared where a name is the last of its kind.
 */
static void same_members(const struct json_value *ours, const json_t *theirs)
{
    struct scanner members = {.text = ours->raw};
    json_t *left = json_object();
    struct json_value value;
    struct str name;

    while (scanner_member(&members, &name, &value)) {
        struct buf key = {0};

        json_unquote(&key, name);
        buf_add_char(&key, '\0');
        assert(json_object_get(theirs, key.data) != NULL);
        (void)json_object_set_new(left, key.data, json_null());
        buf_fini(&key);
    }
    assert(json_object_size(left) == json_object_size(theirs));
    json_decref(left);
}

static void same_items(const struct json_value *ours, const json_t *theirs)
{
    struct scanner items = {.text = ours->raw};
    struct json_value value;
    size_t count = 0;

    while (scanner_item(&items, &value)) {
        assert(count < json_array_size(theirs));
        same(&value, json_array_get(theirs, count));
        count++;
    }
    assert(count == json_array_size(theirs));
}

static void same(const struct json_value *ours, const json_t *theirs)
{
    switch (ours->kind) {
    case SCAN_NULL:
        assert(json_is_null(theirs));
        break;
    case SCAN_FALSE:
        assert(json_is_false(theirs));
        break;
    case SCAN_TRUE:
        assert(json_is_true(theirs));
        break;
    case SCAN_NUMBER:
        assert(json_is_number(theirs));
        break;
    case SCAN_STRING:
        assert(json_is_string(theirs));
        same_string(ours->raw, theirs);
        break;
    case SCAN_ARRAY:
        assert(json_is_array(theirs));
        same_items(ours, theirs);
        break;
    case SCAN_OBJECT:
        assert(json_is_object(theirs));
        same_members(ours, theirs);
        break;
    default:
        abort();
    }
}

static bool may_refuse(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_invalid_utf8 || code == json_error_numeric_overflow ||
           code == json_error_null_byte_in_key || code == json_error_stack_overflow ||
           strstr(error->text, "invalid Unicode") != NULL;
}

static void check_scanner(struct str text)
{
    struct scanner scanner = {.text = text};
    json_error_t error = {0};
    struct json_value value;
    bool ours = scanner_value(&scanner, &value) == ERR_OK && scanner.at == text.len;
    json_t *theirs = json_loadb(text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (ours && theirs != NULL) {
        same(&value, theirs);
    } else if (ours) {
        assert(may_refuse(&error));
    } else if (theirs != NULL) {
        assert(scanner.wrong == SCAN_WRONG_DEPTH);
    }
    json_decref(theirs);
}

static void check_metadata(struct str text)
{
    struct strs metadata = {0};
    struct buf store = {0};
    struct buf why = {0};
    struct str last = {0};
    struct str rest;
    struct str key;
    struct str value;
    bool is_null = false;
    size_t bytes = 0;
    uint32_t keys = 0;

    if (metadata_parse(text, &store, &metadata, &is_null, &why) != ERR_OK) {
        assert(why.len > 0 && store.len == 0);
    }
    rest = metadata.bytes;
    while (strs_next(&rest, &key)) {
        bool paired = strs_next(&rest, &value);

        assert(paired);
        assert(keys == 0 || str_cmp(last, key) < 0);
        last = key;
        bytes += key.len + value.len;
        keys++;
    }
    assert(keys == metadata.count && keys <= limit_metadata_keys);
    assert(bytes <= limit_metadata_bytes && !(is_null && keys > 0));
    buf_fini(&store);
    buf_fini(&why);
}

static void check_body(struct str text)
{
    struct params params = {0};
    struct buf why = {0};
    enum err err = params_add_json(&params, text, 64, &why);

    assert((err == ERR_MALFORMED) == (why.len > 0));
    assert(params.count <= 64);
    params_fini(&params);
    buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};

    if (size == 0 || memchr(data, 0, size) == NULL) { /* jansson loses a NUL it has put back */
        check_scanner(text);
    }
    check_metadata(text);
    check_body(text);
    return 0;
}
