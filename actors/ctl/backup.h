/* What backup, check and restore have in common. */
#ifndef ACTORS_CTL_BACKUP_H
#define ACTORS_CTL_BACKUP_H

#include "actors/ctl/backup_file.h"
#include "actors/ctl/ctl.h"

struct backup_held {
    uint64_t instances;
    uint64_t tombstones;
    uint64_t schedules;
    uint64_t apps;
};

/* Reads the file whole into bytes. Errors, said: CTL_NEGATIVE: it is not a whole backup; CTL_USAGE:
 * it can't be read. held may be NULL. */
enum ctl_exit backup_verify(const struct ctl *ctl, const char *path, struct buf *bytes,
                            struct backup_info *info, struct backup_held *held);
/* "12 apps, 34 instances, 2 tombstones, 1 schedule, taken 2026-11-28 …, seq 117 of epoch …" */
void backup_describe(const struct backup_info *info, const struct backup_held *held,
                     struct buf *to);

#endif
