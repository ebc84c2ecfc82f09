/* Every key of the store in memory, in order of bytes, with its revisions since the last
 * compaction. A key has a number as long as it is in the index: until a compaction leaves nothing
 * of it.
 *
 * Most keys have one revision; it lies with the name in one block. One with more has a
 * key_history.
 */
#ifndef ACTORS_STORE_MVCC_KEY_INDEX_H
#define ACTORS_STORE_MVCC_KEY_INDEX_H

#include "actors/store/mvcc/key_history.h"
#include "common/container/order.h"
#include "common/container/table.h"

#define KEY_NONE UINT32_MAX

struct key_index {
    struct memory memory;
    struct table table; /* struct key */
    struct order order;
};

/* self does not move afterwards. */
void key_index_init(struct key_index *self);
void key_index_fini(struct key_index *self);

uint32_t key_index_find(const struct key_index *self, struct str name); /* KEY_NONE */
struct str key_index_name(const struct key_index *self, uint32_t key);  /* until key is gone */

/* False: the key is not there at revision main. */
bool key_index_at(const struct key_index *self, uint32_t key, int64_t main,
                  struct key_state *state);

/* mod is behind all of the key's. name is copied when it is new. state: what the key is then. */
uint32_t key_index_put(struct key_index *self, struct str name, struct revision mod,
                       struct key_state *state);
void key_index_delete(struct key_index *self, uint32_t key, struct revision mod); /* live */

/* What a record of the backend says, in order of revisions. state NULL: a tombstone. key: its
 * number. Errors: ERR_CORRUPT: it does not follow from those before it. */
enum err key_index_restore(struct key_index *self, struct str name, struct revision mod,
                           const struct key_state *state, uint32_t *key);

/* How many of the key's revisions a compaction at main drops. */
uint32_t key_index_dead(const struct key_index *self, uint32_t key, int64_t main);

/* The first `count` of these go, and the next one too if it is a tombstone: restore takes none as a
 * key's first. Told of each. Afterwards the key may be gone. */
typedef void key_dropped_fn(void *context, struct revision revision, bool tombstone);
void key_index_drop(struct key_index *self, uint32_t key, uint32_t count, key_dropped_fn *dropped,
                    void *context);

/* ── in order ───────────────────────────────────────────────────────────────*/

/* etcd's: end empty: from alone; end "\0": all from it on; else up to end, without it. */
struct key_cursor {
    const struct key_index *index;
    struct str from; /* until the first step */
    struct str end;
    enum { KEY_CURSOR_ONE, KEY_CURSOR_TO_END, KEY_CURSOR_REST } kind;
    bool started;
    uint32_t last; /* given; KEY_NONE: none */
    struct order_run run;
};

/* Borrows from and end as long as it is used. Keys must not come or go meanwhile; their revisions
 * may. */
struct key_cursor key_cursor(const struct key_index *index, struct str from, struct str end);
/* The same of those that stand behind the name; not with end empty. */
struct key_cursor key_cursor_behind(const struct key_index *index, struct str name, struct str end);
uint32_t key_cursor_next(struct key_cursor *self); /* KEY_NONE: no more */

#endif
