/* What LMDB's numbers mean for whoever must do something about them. */
#ifndef ACTORS_STORE_MVCC_LMDB_ERROR_H
#define ACTORS_STORE_MVCC_LMDB_ERROR_H

#include "common/base/err.h"

/* rc: LMDB's, not 0. Into text, of backend_text_max: path, what failed, why, and the remedy. */
enum err lmdb_failed(const char *path, char *text, const char *what, int rc);

#endif
