#include "common/base/fault.h"

_Static_assert(FAULT_COUNT <= 64, "struct faults holds one bit a fault");

#ifdef MUSTER_FAULTS
static enum err fault_from(struct str name, enum fault *fault)
{
    static const char *const names[] = {
#define FAULT_NAME(NAME, text) [FAULT_##NAME] = (text),
        FAULT_TABLE(FAULT_NAME)
#undef FAULT_NAME
    };

    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (str_eq(name, str_from(names[i]))) {
            *fault = (enum fault)i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}
#else
static enum err fault_from(struct str name, enum fault *fault)
{
    (void)name;
    (void)fault;
    return ERR_UNSUPPORTED;
}
#endif

enum err faults_parse(const char *list, struct faults *faults)
{
    struct str rest = str_from(list);
    struct faults found = {0};

    while (rest.len > 0) {
        size_t len = 0;
        enum fault fault;
        enum err err;

        while (len < rest.len && rest.data[len] != ',') {
            len++;
        }
        err = fault_from((struct str){rest.data, len}, &fault);
        if (err != ERR_OK) {
            return err;
        }
        found.bits |= (uint64_t)1 << fault;
        len += len < rest.len ? 1 : 0;
        rest.data += len;
        rest.len -= len;
    }
    *faults = found;
    return ERR_OK;
}
