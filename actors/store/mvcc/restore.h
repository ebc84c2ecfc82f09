/* The state that the backend holds, read whole at the start. */
#ifndef ACTORS_STORE_MVCC_RESTORE_H
#define ACTORS_STORE_MVCC_RESTORE_H

#include "actors/store/mvcc/state.h"

/* self is empty. text, errors: as mvcc_new. */
enum err restore(struct mvcc *self, char *text);

#endif
