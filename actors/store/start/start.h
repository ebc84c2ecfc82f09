/* How a store starts: the stages of etcd's own start, in its order, each with a line on the log.
 *
 *   stage stage=12 name=backend ms=4 entry=17 term=2
 *   stage stage=10 name=snapshotter ms=0 note=one-member
 *
 * A stage that fails has said why and what to do; then those before it are undone in reverse order
 * and it is named (stage_failed). What a note means:
 *   one-member   there is nothing to do for a member that is alone
 *   gateway      muster-etcd does it
 *   actor        the actor's shell does it, for every actor alike
 *   mvcc         it is done with the stage of that name
 *   none         there is no such thing here
 */
#ifndef ACTORS_STORE_START_START_H
#define ACTORS_STORE_START_START_H

#include "actors/store/log/disk_log.h"
#include "actors/store/mvcc/backend.h"
#include "actors/store/start/identity.h"
#include "actors/store/store.h"
#include "common/base/prng.h"
#include "common/config/config.h"

enum { start_fields_max = 8 };

struct start {
    const struct config *config; /* borrowed, as the next two */
    const struct log *log;
    const struct clock *clock;

    char *path;        /* of the directory; owned, as what dir has in dir.dir */
    struct volume dir; /* held by lock */
    int lock;
    bool fresh; /* nothing was there */
    enum compaction_mode compaction_mode;
    int64_t compaction_retention;
    struct identity identity;
    struct backend *backend; /* owned until mvcc takes it */
    struct disk_log *disk_log;
    struct disk_log_found found; /* until the store takes it */
    struct prng prng;
    struct store_options options;
    struct store *store;

    struct {
        struct log_field fields[start_fields_max + 1]; /* ends with one of LOG_END */
        char ids[start_fields_max][17];
        unsigned count;
    } said;           /* of the stage that runs, for its line on the log */
    unsigned reached; /* stages that are behind */
};

/* Everything up to what waits for the loop. Errors, said on the log, all undone: ERR_UNUSABLE: a
 * person must see to it first; ERR_BUSY: another process holds the directory; ERR_IO. */
enum err start_run(struct start *self, const struct config *config, const struct log *log,
                   const struct clock *clock);
/* The rest, once the loop runs. */
void start_serving(struct start *self);
/* Undoes what has been reached, in reverse order: what is applied is flushed, the log closed. After
 * an error of start_run, too. */
void start_end(struct start *self);
/* The loop did not begin, or the process has failed. Before start_end. */
void start_failed(struct start *self, enum err err);

#endif
