/* Any bytes as a configuration file, either form: they are taken or refused with a
 * reason, and what was taken keeps to the table.
 *
 * Covers: common/config/toml.cc common/config/file.c
 * Covers: common/config/discovery.c
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct config_draft draft;
    struct buf text = {0};

    config_draft_init(&draft, &config);
    config_draft_file(&draft, "fuzz.toml", (struct str){(const char *)data, size});
    if (draft.problem_count == 0) {
        config_draft_finish(&draft, "host");
    }
    assert((draft.problem_count == 0) == (draft.problems.len == 0));
    for (size_t i = 0; i < config_key_count; i++) {
        config_key_print(&config_keys[i], &config, &text);
    }
    assert(config.gateway_processes >= 1 && config.gateway_processes <= 64);
    assert(config.evictor_share >= 0 && config.evictor_share <= 1);
    buf_fini(&text);
    config_draft_fini(&draft);
    config_fini(&config);
    return 0;
}
