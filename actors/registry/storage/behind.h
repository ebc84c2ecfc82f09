/* What stands in a damaged segment behind the damage. Nothing of it can be applied; it tells how
 * much is lost.
 */
#ifndef ACTORS_REGISTRY_STORAGE_BEHIND_H
#define ACTORS_REGISTRY_STORAGE_BEHIND_H

#include "common/journal/volume.h"
#include "common/naming/registry.h"

struct behind {
    uint64_t seq; /* the greatest that was found; 0: none was */
    bool whole;   /* all that follows it could be read: there is no greater one */
};

/* offset: of the damage. Looks at a bounded piece of the file. */
struct behind behind_look(struct volume *volume, struct name name, uint64_t offset,
                          const struct registry *registry);

#endif
