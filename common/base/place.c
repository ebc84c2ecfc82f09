#include "common/base/place.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { links_max = 40, owners_max = 32 };

/* Whom we trust, and where we have got to. */
struct way {
    uid_t owners[owners_max];
    size_t owner_count;
    char at[PATH_MAX]; /* absolute, without links; "" is the root */
    size_t len;
    unsigned links;
    struct buf *why; /* borrowed */
};

void place_user(struct buf *to, uid_t uid)
{
    const struct passwd *user = getpwuid(uid);

    if (user != NULL) {
        buf_printf(to, "%s (uid %u)", user->pw_name, (unsigned)uid);
    } else {
        buf_printf(to, "uid %u", (unsigned)uid);
    }
}

/* ── whom we trust ── */

static void trust(struct way *self, uid_t uid)
{
    if (self->owner_count < owners_max) {
        self->owners[self->owner_count++] = uid;
    }
}

static bool trusts(const struct way *self, uid_t uid)
{
    for (size_t i = 0; i < self->owner_count; i++) {
        if (self->owners[i] == uid) {
            return true;
        }
    }
    return false;
}

/* In a user namespace what is not mapped into it shows as this user: it was there before us. */
static void trust_unmapped(struct way *self)
{
    FILE *map = fopen("/proc/self/uid_map", "re");
    FILE *overflow = fopen("/proc/sys/kernel/overflowuid", "re");
    char line[128] = "";
    char number[32] = "";
    unsigned long count = UINT32_MAX;
    const char *last;

    if (map != NULL && overflow != NULL && fgets(line, sizeof(line), map) != NULL &&
        fgets(number, sizeof(number), overflow) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        last = strrchr(line, ' ');
        count = strtoul(last != NULL ? last : line, NULL, 10);
    }
    if (count < UINT32_MAX) {
        trust(self, (uid_t)strtoul(number, NULL, 10));
    }
    if (map != NULL) {
        (void)fclose(map);
    }
    if (overflow != NULL) {
        (void)fclose(overflow);
    }
}

static void trust_program(struct way *self)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    struct stat about;

    if (stat("/", &about) == 0) {
        trust(self, about.st_uid);
    }
    while (len > 0) {
        path[len] = '\0';
        if (stat(path, &about) == 0 && !trusts(self, about.st_uid)) {
            trust(self, about.st_uid);
        }
        do {
            len--;
        } while (len > 0 && path[len] != '/');
    }
}

static void way_init(struct way *self, struct buf *why)
{
    *self = (struct way){.why = why};
    trust(self, 0);
    trust(self, geteuid());
    trust_unmapped(self);
    trust_program(self);
}

/* ── the way ── */

static enum err refuse(const struct way *self, const char *is, uid_t owner, const char *remedy)
{
    buf_printf(self->why, "%s: %s ", self->len > 0 ? self->at : "/", is);
    place_user(self->why, owner);
    buf_printf(self->why, ", who decides where it leads: %s", remedy);
    return ERR_INVALID;
}

static enum err check_directory(const struct way *self, const struct stat *about)
{
    if (!trusts(self, about->st_uid)) {
        return refuse(self, "is a directory of", about->st_uid,
                      "give --dir one of your own, or start the node as that user");
    }
    if ((about->st_mode & S_IWOTH) != 0 && (about->st_mode & S_ISVTX) == 0) {
        buf_printf(self->why,
                   "%s: everybody may write there, and put another directory in the place of this "
                   "node's: chmod o-w it, or give --dir another place",
                   self->len > 0 ? self->at : "/");
        return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err walk(struct way *self, const char *path);

static enum err follow(struct way *self, const struct stat *about, size_t from)
{
    char target[PATH_MAX];
    ssize_t len;

    if (!trusts(self, about->st_uid)) {
        return refuse(self, "is a link of", about->st_uid,
                      "name the directory itself, or have the link made by root or yourself");
    }
    len = readlink(self->at, target, sizeof(target) - 1);
    if (len < 0 || ++self->links > links_max) {
        buf_printf(self->why, "%s: a link that leads nowhere: name the directory itself", self->at);
        return ERR_INVALID;
    }
    target[len] = '\0';
    self->len = from;
    self->at[from] = '\0';
    return walk(self, target);
}

/* name: one that is neither "." nor "..". absent is set when nothing is there. */
static enum err step(struct way *self, const char *name, size_t len, bool *absent)
{
    size_t from = self->len;
    struct stat about;

    if (self->len + 1 + len >= sizeof(self->at)) {
        buf_printf(self->why, "%s: too long a path; choose a shorter --dir", self->at);
        return ERR_INVALID;
    }
    self->at[self->len++] = '/';
    memcpy(self->at + self->len, name, len);
    self->len += len;
    self->at[self->len] = '\0';
    if (lstat(self->at, &about) != 0) {
        *absent = true; /* or it can't be looked at, which whoever opens it will find */
        return ERR_OK;
    }
    return S_ISLNK(about.st_mode) ? follow(self, &about, from) : ERR_OK;
}

static enum err check_here(const struct way *self)
{
    struct stat about;

    if (lstat(self->len > 0 ? self->at : "/", &about) != 0 || !S_ISDIR(about.st_mode)) {
        return ERR_OK;
    }
    return check_directory(self, &about);
}

/* Each directory is judged when something in it is asked for: the last is the caller's to judge. */
static enum err walk(struct way *self, const char *path)
{
    enum err err = ERR_OK;
    bool absent = false;

    if (path[0] == '/') {
        self->len = 0;
        self->at[0] = '\0';
    }
    while (err == ERR_OK && !absent && *path != '\0') {
        size_t len = strcspn(path, "/");

        if (len == 2 && memcmp(path, "..", 2) == 0) {
            while (self->len > 0 && self->at[--self->len] != '/') {
                continue;
            }
            self->at[self->len] = '\0';
        } else if (len > 0 && !(len == 1 && path[0] == '.')) {
            err = check_here(self);
            err = err == ERR_OK ? step(self, path, len, &absent) : err;
        }
        path += len;
        path += strspn(path, "/");
    }
    return err;
}

enum err place_check_way(const char *path, struct buf *why)
{
    struct buf whole = {0};
    char here[PATH_MAX];
    struct way way;
    enum err err;

    way_init(&way, why);
    if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL) {
        buf_printf(why, "the working directory can't be read: %s; give an absolute --dir",
                   strerror(errno));
        return ERR_INVALID;
    }
    buf_printf(&whole, "%s%s%s%c", path[0] != '/' ? here : "", path[0] != '/' ? "/" : "", path, 0);
    err = walk(&way, whole.data);
    buf_fini(&whole);
    return err;
}

enum err place_check_own(const char *path, struct buf *why)
{
    struct stat about;
    enum err err = place_check_way(path, why);

    if (err != ERR_OK) {
        return err;
    }
    if (stat(path, &about) != 0) {
        buf_printf(why, "%s: %s; choose another --dir", path, strerror(errno));
        return ERR_IO;
    }
    if (!S_ISDIR(about.st_mode)) {
        buf_printf(why, "%s: is no directory; choose another --dir or move it away", path);
        return ERR_INVALID;
    }
    if (about.st_uid != geteuid()) {
        buf_printf(why, "%s: belongs to ", path);
        place_user(why, about.st_uid);
        buf_printf(why, ", and this is uid %u: do this as its owner, or choose another --dir",
                   (unsigned)geteuid());
        return ERR_INVALID;
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        buf_printf(why, "%s: others may write to it (mode %04o): chmod go-w %s", path,
                   (unsigned)(about.st_mode & 07777), path);
        return ERR_INVALID;
    }
    return ERR_OK;
}
