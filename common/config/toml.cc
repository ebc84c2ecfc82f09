extern "C" {
#include "common/config/toml.h"
}

#include <cinttypes>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

namespace
{

struct walk {
    config_toml_visit_fn *visit;
    void *state;
    str path[config_toml_depth_max];
};

str str_of(std::string_view text)
{
    return str{text.data(), text.size()};
}

std::string text_of(const toml::node &node, config_toml_type *type)
{
    char text[32];

    if (const auto *string = node.as_string()) {
        *type = CONFIG_TOML_TEXT;
        return string->get();
    }
    if (const auto *boolean = node.as_boolean()) {
        *type = CONFIG_TOML_BOOLEAN;
        return boolean->get() ? "true" : "false";
    }
    if (const auto *integer = node.as_integer()) {
        *type = CONFIG_TOML_INTEGER;
        std::snprintf(text, sizeof(text), "%" PRId64, integer->get());
        return text;
    }
    if (const auto *number = node.as_floating_point()) {
        *type = CONFIG_TOML_FLOAT;
        std::snprintf(text, sizeof(text), "%.15g", number->get());
        return text;
    }
    *type = CONFIG_TOML_OTHER;
    return {};
}

void show(walk &walk, size_t depth, const toml::node &node)
{
    config_toml_value value{};
    std::vector<str> items;
    std::string text;

    value.path = walk.path;
    value.depth = depth;
    value.line = node.source().begin.line;
    if (node.is_table()) {
        value.type = CONFIG_TOML_TABLE;
    } else if (const auto *array = node.as_array()) {
        value.type = CONFIG_TOML_LIST;
        for (const auto &item : *array) {
            const auto *string = item.as_string();

            if (string == nullptr) {
                value.type = CONFIG_TOML_OTHER;
                items.clear();
                break;
            }
            items.push_back(str_of(string->get()));
        }
    } else {
        text = text_of(node, &value.type);
        if (value.type != CONFIG_TOML_OTHER) {
            items.push_back(str_of(text));
        }
    }
    value.items = items.data();
    value.item_count = items.size();
    walk.visit(walk.state, &value);
}

void go(walk &walk, size_t depth, const toml::table &table)
{
    if (depth == config_toml_depth_max) {
        return;
    }
    for (const auto &[key, node] : table) {
        walk.path[depth] = str_of(key.str());
        show(walk, depth + 1, node);
        if (const auto *inner = node.as_table()) {
            go(walk, depth + 1, *inner);
        }
    }
}

err too_large(str text, buf *why)
{
    size_t dots = 0;

    if (text.len > config_toml_bytes_max) {
        buf_printf(why, "%zu bytes are more than a configuration has (%d at most)", text.len,
                   static_cast<int>(config_toml_bytes_max));
        return ERR_TOO_LARGE;
    }
    for (size_t i = 0; i < text.len; i++) {
        dots += text.data[i] == '.';
    }
    if (dots > config_toml_dots_max) {
        buf_printf(why, "%zu dots are more than a configuration has (%d at most)", dots,
                   static_cast<int>(config_toml_dots_max));
        return ERR_TOO_LARGE;
    }
    return ERR_OK;
}

} // namespace

extern "C" err config_toml_read(str text, config_toml_visit_fn *visit, void *state, uint32_t *line,
                                buf *why)
{
    *line = 1;
    if (too_large(text, why) != ERR_OK) {
        return ERR_TOO_LARGE;
    }
    try {
        walk walk{visit, state, {}};

        go(walk, 0, toml::parse(std::string_view(text.len > 0 ? text.data : "", text.len)));
        return ERR_OK;
    } catch (const toml::parse_error &error) {
        const auto said = error.description();

        *line = error.source().begin.line;
        buf_printf(why, "not TOML: %.*s", static_cast<int>(said.size()), said.data());
        return ERR_MALFORMED;
    } catch (const std::bad_alloc &) {
        buf_printf(why, "out of memory");
        return ERR_NO_MEMORY;
    } catch (...) {
        buf_printf(why, "can't be read as TOML");
        return ERR_MALFORMED;
    }
}
