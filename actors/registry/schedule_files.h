/* What is known of the files schedules stand in: a table by name, and what each says handed to the
 * registry. Which files there are, and when one changed, is told by schedules.c, which watches. */
#ifndef ACTORS_REGISTRY_SCHEDULE_FILES_H
#define ACTORS_REGISTRY_SCHEDULE_FILES_H

#include "actors/registry/registry.h"

enum { schedule_files_max = 10000 };

struct schedule_file;

struct schedule_files {
    struct registry_actor *actor; /* borrowed */
    struct log *log;              /* borrowed */
    const char *dir;              /* its name; borrowed */
    bool started;                 /* all that were there at the start have been read */
    bool said_full;
    uint32_t scans;
    struct schedule_file **files; /* owned; by name */
    uint32_t count;
    uint32_t pending; /* are to be read */
    uint32_t gone;    /* will be forgotten */
    uint32_t bad;     /* at the start */
    struct buf text;
    struct buf store;
    struct buf why;
};

void schedule_files_init(struct schedule_files *self, struct registry_actor *actor, const char *dir,
                         struct log *log);
void schedule_files_fini(struct schedule_files *self);

/* Whether it is one of ours: editors' own begin with a dot or end otherwise. */
bool schedule_files_is_name(const char *name);

/* A file of that name is there: it is to be read, if it is another one than before, or forced. */
void schedule_files_seen(struct schedule_files *self, const char *name, bool forced);
/* It is not there any more. */
void schedule_files_gone(struct schedule_files *self, const char *name, int64_t now_ms);

/* Who is not seen between begin and end has gone. */
void schedule_files_scan_begin(struct schedule_files *self);
void schedule_files_scan_end(struct schedule_files *self, int64_t now_ms);

/* Reads some of those that are to be read. */
void schedule_files_read(struct schedule_files *self, int dir_fd, const struct now *now,
                         struct outbox *out);
/* The directory has been gone through and all was read: what comes now changes. */
void schedule_files_start(struct schedule_files *self);

/* Forgets some of those that are gone for so long that they will not come back. Returns when the
 * next one is due, mono ms; 0: none is. */
int64_t schedule_files_forget(struct schedule_files *self, const struct now *now,
                              struct outbox *out);

#endif
