/* The metadata parameter: a JSON object of scalars, as the registry keeps it
 * (differences row 3). Scalars keep their text: {"weight":10.50} is "10.50".
 * A null value is "". Empty text, null, [] and "" are no metadata. The last of equal keys wins.
 */
#ifndef GATEWAY_DISCOVERY_METADATA_H
#define GATEWAY_DISCOVERY_METADATA_H

#include "common/base/str.h"

/* out: keys in bytewise order, each once; its bytes are at the end of store, which
 * must not change while out is used. *is_null: no metadata. Errors: ERR_INVALID, what
 * is wrong in why ("must be a JSON object of strings, got an array"); store and out
 * are then as before. */
enum err metadata_parse(struct str json, struct buf *store, struct strs *out, bool *is_null,
                        struct buf *why);
/* It says null: in a set that clears what is held, where the others have nothing to add to it. */
bool metadata_is_null(struct str json);

#endif
