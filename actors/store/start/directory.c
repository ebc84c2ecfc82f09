#include "actors/store/start/directory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "actors/store/start/identity.h"

struct listing {
    bool identity;
    bool member;
    bool wal_or_snap;
    char other[sizeof((struct directory_seen){0}.name)];
};

static bool is(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(name, *names) != 0) {
        names++;
    }
    return *names != NULL;
}

static void take_name(void *context, const char *name)
{
    static const char *const passed_over[] = {
        ".", "..", "lock", "db", "lost+found", identity_unfinished, NULL};
    struct listing *self = context;

    if (name == NULL) {
        *self = (struct listing){0};
    } else if (strcmp(name, identity_file) == 0) {
        self->identity = true;
    } else if (!is(name, passed_over)) {
        self->member = self->member || strcmp(name, "member") == 0;
        (void)snprintf(self->other, sizeof(self->other), "%s", name);
    }
}

static void take_members_name(void *context, const char *name)
{
    static const char *const etcds[] = {"wal", "snap", NULL};
    struct listing *self = context;

    self->wal_or_snap = name != NULL && (self->wal_or_snap || is(name, etcds));
}

enum err directory_look(struct volume *dir, struct directory_seen *seen)
{
    struct listing found = {0};
    enum err err = volume_list(dir, take_name, &found);

    *seen = (struct directory_seen){.kind = DIRECTORY_EMPTY};
    if (err != ERR_OK && dir->trouble == -ENOENT) {
        return ERR_OK;
    }
    if (err == ERR_OK && found.member && !found.identity) {
        struct volume member = *dir;
        char path[disk_path_max];

        (void)snprintf(path, sizeof(path), "%s/member", dir->dir);
        member.dir = path;
        (void)volume_list(&member, take_members_name, &found); /* no directory: not etcd's */
    }
    if (err != ERR_OK) {
        return volume_refused(dir, NULL);
    }
    if (found.identity) {
        seen->kind = DIRECTORY_OURS;
    } else if (found.wal_or_snap) {
        seen->kind = DIRECTORY_ETCD;
    } else if (found.other[0] != '\0') {
        seen->kind = DIRECTORY_OTHERS;
        (void)snprintf(seen->name, sizeof(seen->name), "%s", found.other);
    }
    return ERR_OK;
}
