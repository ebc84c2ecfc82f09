#include "gateway/discovery/trace.h"

enum { version_chars = 2, trace_chars = 32, parent_chars = 16, flags_chars = 2 };
enum {
    trace_at = version_chars + 1,
    parent_at = trace_at + trace_chars + 1,
    flags_at = parent_at + parent_chars + 1
};

static bool is_hex(struct str text, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        char c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

struct str trace_id(struct str traceparent)
{
    if (traceparent.len < flags_at + flags_chars || traceparent.data[trace_at - 1] != '-' ||
        traceparent.data[parent_at - 1] != '-' || traceparent.data[flags_at - 1] != '-' ||
        !is_hex(traceparent, 0, version_chars) || !is_hex(traceparent, trace_at, trace_chars) ||
        !is_hex(traceparent, parent_at, parent_chars)) {
        return (struct str){0};
    }
    return (struct str){traceparent.data + trace_at, trace_chars};
}
