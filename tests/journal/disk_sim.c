#include "tests/journal/disk_sim.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/prng.h"

/* Not synced yet. Of WRITE data is what is written; SIZE sets the size, growing by zeros. */
struct file_change {
    enum { WRITE, SIZE } kind;
    uint64_t offset; /* SIZE: the size */
    struct buf data;
};

struct inode {
    struct buf durable;
    struct buf now;
    struct file_change *changes;
    size_t change_count;
};

struct entry {
    char *path;
    size_t inode;
};

struct names {
    struct entry *items;
    size_t count;
};

/* from NULL: create; to NULL: remove. */
struct name_change {
    char *from;
    char *to;
    size_t inode;
};

struct handle {
    bool open;
    bool lock;
    char *lock_path;
    size_t inode;
};

struct disk_sim {
    struct disk disk; /* first */
    struct prng prng;
    struct inode *inodes;
    size_t inode_count;
    struct names durable;
    struct names now;
    struct name_change *name_changes;
    size_t name_change_count;
    struct handle *handles;
    size_t handle_count;
    uint64_t changes;
    bool mortal; /* dies_at counts */
    uint64_t dies_at;
    unsigned fail_mask;
    uint32_t fail_after;
    uint32_t fail_times;
    int fail_error;
    int64_t waited_ms;
    disk_sim_watch_fn *watch;
    void *watch_context;
};

enum { sector_bytes = 512 };

static void *grow(void *items, size_t count, size_t size)
{
    void *grown = realloc(items, (count + 1) * size);

    assert(grown != NULL);
    return grown;
}

static char *copy_text(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    assert(text == NULL || copy != NULL);
    return copy;
}

/* ── content ────────────────────────────────────────────────────────────────*/

static void set_size(struct buf *content, uint64_t size)
{
    if (size > content->len) {
        size_t more = (size_t)size - content->len;

        memset(buf_reserve(content, more), 0, more);
    }
    content->len = (size_t)size;
}

static void change_apply(const struct file_change *change, struct buf *content, size_t bytes)
{
    if (change->kind == SIZE) {
        set_size(content, change->offset);
        return;
    }
    bytes = bytes < change->data.len ? bytes : change->data.len;
    if (bytes == 0) {
        return;
    }
    if (change->offset + bytes > content->len) {
        set_size(content, change->offset + bytes);
    }
    memcpy(content->data + change->offset, change->data.data, bytes);
}

static void changes_forget(struct inode *inode)
{
    for (size_t i = 0; i < inode->change_count; i++) {
        buf_fini(&inode->changes[i].data);
    }
    free(inode->changes);
    inode->changes = NULL;
    inode->change_count = 0;
}

static void inode_change(struct inode *inode, struct file_change change)
{
    change_apply(&change, &inode->now, SIZE_MAX);
    inode->changes = grow(inode->changes, inode->change_count, sizeof(change));
    inode->changes[inode->change_count++] = change;
}

/* Each sector that a write touches gets there or does not; so does a size. */
static void keep_sectors(struct disk_sim *self, const struct file_change *change,
                         struct buf *content)
{
    if (change->kind == SIZE) {
        if (prng_below(&self->prng, 2) == 0) {
            change_apply(change, content, SIZE_MAX);
        }
        return;
    }
    for (size_t at = 0; at < change->data.len;) {
        uint64_t offset = change->offset + at;
        size_t len = sector_bytes - (size_t)(offset % sector_bytes);

        len = len < change->data.len - at ? len : change->data.len - at;
        if (prng_below(&self->prng, 2) == 0) {
            struct file_change part = {.kind = WRITE, .offset = offset};

            part.data = (struct buf){.data = change->data.data + at, .len = len};
            change_apply(&part, content, SIZE_MAX);
        }
        at += len;
    }
}

static void keep_noise(struct disk_sim *self, const struct file_change *change, struct buf *content,
                       size_t bytes)
{
    change_apply(change, content, SIZE_MAX);
    for (size_t at = bytes; change->kind == WRITE && at < change->data.len; at++) {
        content->data[change->offset + at] = (char)prng_next(&self->prng);
    }
}

static void inode_cut(struct disk_sim *self, struct inode *inode, enum disk_sim_keep keep,
                      size_t bytes)
{
    if (keep == DISK_KEEP_SIZES) {
        set_size(&inode->durable, inode->now.len);
    }
    for (size_t i = 0; i < inode->change_count; i++) {
        const struct file_change *change = &inode->changes[i];
        bool last = i + 1 == inode->change_count;

        if (keep == DISK_KEEP_ALL || keep == DISK_KEEP_DATA ||
            ((keep == DISK_KEEP_TORN || keep == DISK_KEEP_GARBAGE) && !last)) {
            change_apply(change, &inode->durable, SIZE_MAX);
        } else if (keep == DISK_KEEP_TORN) {
            change_apply(change, &inode->durable, bytes);
        } else if (keep == DISK_KEEP_GARBAGE) {
            keep_noise(self, change, &inode->durable, bytes);
        } else if (keep == DISK_KEEP_SECTORS) {
            keep_sectors(self, change, &inode->durable);
        } else if (keep == DISK_KEEP_RANDOM && prng_below(&self->prng, 2) == 0) {
            change_apply(change, &inode->durable,
                         (size_t)prng_below(&self->prng, 2 * change->data.len + 1));
        }
    }
    changes_forget(inode);
    inode->now.len = 0;
    buf_add_str(&inode->now, buf_str(&inode->durable));
}

/* ── names ──────────────────────────────────────────────────────────────────*/

static struct entry *names_find(const struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].path, path) == 0) {
            return &names->items[i];
        }
    }
    return NULL;
}

static void names_take(struct names *names, const char *path)
{
    struct entry *entry = names_find(names, path);

    if (entry != NULL) {
        assert(names->count > 0);
        free(entry->path);
        *entry = names->items[--names->count];
    }
}

static void names_put(struct names *names, const char *path, size_t inode)
{
    names_take(names, path);
    names->items = grow(names->items, names->count, sizeof(names->items[0]));
    names->items[names->count++] = (struct entry){copy_text(path), inode};
}

static void names_apply(struct names *names, const struct name_change *change)
{
    if (change->from != NULL) {
        names_take(names, change->from);
    }
    if (change->to != NULL) {
        names_put(names, change->to, change->inode);
    }
}

static void names_clear(struct names *names)
{
    while (names->count > 0) {
        free(names->items[--names->count].path);
    }
    free(names->items);
    *names = (struct names){0};
}

static void name_change(struct disk_sim *self, const char *from, const char *to, size_t inode)
{
    struct name_change change = {copy_text(from), copy_text(to), inode};

    names_apply(&self->now, &change);
    self->name_changes = grow(self->name_changes, self->name_change_count, sizeof(change));
    self->name_changes[self->name_change_count++] = change;
}

static void name_changes_forget(struct disk_sim *self)
{
    for (size_t i = 0; i < self->name_change_count; i++) {
        free(self->name_changes[i].from);
        free(self->name_changes[i].to);
    }
    free(self->name_changes);
    self->name_changes = NULL;
    self->name_change_count = 0;
}

static bool inside(const char *dir, const char *path)
{
    size_t len = strlen(dir);

    return strncmp(dir, path, len) == 0 && path[len] == '/' && strchr(path + len + 1, '/') == NULL;
}

/* ── failing ────────────────────────────────────────────────────────────────*/

/* 0, or what the operation is to return. */
static int gate(struct disk_sim *self, enum disk_sim_op op)
{
    if (self->mortal && self->changes >= self->dies_at) {
        return -EIO;
    }
    self->changes += (op & DISK_OP_CHANGES) != 0 ? 1 : 0;
    if ((self->fail_mask & op) == 0 || self->fail_times == 0) {
        return 0;
    }
    if (self->fail_after > 0) {
        self->fail_after--;
        return 0;
    }
    self->fail_times--;
    return -self->fail_error;
}

static void done(const struct disk_sim *self, enum disk_sim_op op, const void *data, size_t len)
{
    if (self->watch != NULL) {
        self->watch(self->watch_context, op, data, len);
    }
}

static struct inode *inode_of(struct disk_sim *self, int file)
{
    if (file < 0 || (size_t)file >= self->handle_count || !self->handles[file].open ||
        self->handles[file].lock) {
        return NULL;
    }
    return &self->inodes[self->handles[file].inode];
}

static int handle_new(struct disk_sim *self, struct handle handle)
{
    self->handles = grow(self->handles, self->handle_count, sizeof(handle));
    self->handles[self->handle_count] = handle;
    return (int)self->handle_count++;
}

static size_t inode_new(struct disk_sim *self)
{
    self->inodes = grow(self->inodes, self->inode_count, sizeof(self->inodes[0]));
    self->inodes[self->inode_count] = (struct inode){0};
    return self->inode_count++;
}

/* ── the table ──────────────────────────────────────────────────────────────*/

static struct disk_sim *sim_of(struct disk *disk)
{
    return (struct disk_sim *)disk;
}

static int sim_open(struct disk *disk, const char *path, enum disk_mode mode)
{
    struct disk_sim *self = sim_of(disk);
    const struct entry *entry = names_find(&self->now, path);
    int rc = gate(self, mode == DISK_CREATE ? DISK_OP_CREATE : DISK_OP_READ);
    size_t inode;

    if (rc < 0) {
        return rc;
    }
    if (entry == NULL && mode != DISK_CREATE) {
        return -ENOENT;
    }
    if (entry == NULL) {
        inode = inode_new(self);
        name_change(self, NULL, path, inode);
    } else {
        inode = entry->inode;
    }
    if (mode == DISK_CREATE) {
        inode_change(&self->inodes[inode], (struct file_change){.kind = SIZE});
        done(self, DISK_OP_CREATE, NULL, 0);
    }
    return handle_new(self, (struct handle){.open = true, .inode = inode});
}

static void sim_close(struct disk *disk, int file)
{
    struct disk_sim *self = sim_of(disk);

    if (file >= 0 && (size_t)file < self->handle_count) {
        self->handles[file].open = false;
    }
}

static int64_t sim_size(struct disk *disk, int file)
{
    const struct inode *inode = inode_of(sim_of(disk), file);
    int rc = inode == NULL ? -EBADF : gate(sim_of(disk), DISK_OP_READ);

    return rc < 0 ? rc : (int64_t)inode->now.len;
}

static uint64_t sim_place(struct disk *disk, int file)
{
    const struct inode *inode = inode_of(sim_of(disk), file);

    return inode == NULL ? 0 : (uint64_t)(inode - sim_of(disk)->inodes) + 1;
}

static int64_t sim_read(struct disk *disk, int file, uint64_t offset, void *data, size_t len)
{
    const struct inode *inode = inode_of(sim_of(disk), file);
    int rc = inode == NULL ? -EBADF : gate(sim_of(disk), DISK_OP_READ);

    if (rc < 0 || offset >= inode->now.len || len == 0) {
        return rc;
    }
    len = len < inode->now.len - offset ? len : (size_t)(inode->now.len - offset);
    memcpy(data, inode->now.data + offset, len);
    return (int64_t)len;
}

static int64_t sim_write(struct disk *disk, int file, uint64_t offset, const void *data, size_t len)
{
    struct inode *inode = inode_of(sim_of(disk), file);
    int rc = inode == NULL ? -EBADF : gate(sim_of(disk), DISK_OP_WRITE);
    struct file_change change = {.kind = WRITE, .offset = offset};

    if (rc < 0) {
        return rc;
    }
    buf_add(&change.data, data, len);
    inode_change(inode, change);
    done(sim_of(disk), DISK_OP_WRITE, data, len);
    return (int64_t)len;
}

static int sim_allocate(struct disk *disk, int file, uint64_t offset, uint64_t len)
{
    struct inode *inode = inode_of(sim_of(disk), file);
    int rc = inode == NULL ? -EBADF : gate(sim_of(disk), DISK_OP_ALLOCATE);

    if (rc == 0 && offset + len > inode->now.len) {
        inode_change(inode, (struct file_change){.kind = SIZE, .offset = offset + len});
        done(sim_of(disk), DISK_OP_ALLOCATE, NULL, 0);
    }
    return rc;
}

static int sim_truncate(struct disk *disk, int file, uint64_t size)
{
    struct inode *inode = inode_of(sim_of(disk), file);
    int rc = inode == NULL ? -EBADF : gate(sim_of(disk), DISK_OP_TRUNCATE);

    if (rc == 0) {
        inode_change(inode, (struct file_change){.kind = SIZE, .offset = size});
        done(sim_of(disk), DISK_OP_TRUNCATE, NULL, 0);
    }
    return rc;
}

static int sim_sync(struct disk *disk, int file)
{
    struct inode *inode = inode_of(sim_of(disk), file);
    int rc = inode == NULL ? -EBADF : gate(sim_of(disk), DISK_OP_SYNC);

    if (inode == NULL) {
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < inode->change_count; i++) {
        change_apply(&inode->changes[i], &inode->durable, SIZE_MAX);
    }
    if (!sim_of(disk)->mortal || rc == 0) {
        changes_forget(inode); /* when the machine stops they are power_cut's to judge */
    }
    if (rc == 0) {
        done(sim_of(disk), DISK_OP_SYNC, NULL, 0);
    }
    return rc;
}

static int sim_rename(struct disk *disk, const char *from, const char *to)
{
    struct disk_sim *self = sim_of(disk);
    const struct entry *entry = names_find(&self->now, from);
    int rc = gate(self, DISK_OP_RENAME);

    if (rc == 0 && entry == NULL) {
        rc = -ENOENT;
    }
    if (rc == 0) {
        name_change(self, from, to, entry->inode);
        done(self, DISK_OP_RENAME, NULL, 0);
    }
    return rc;
}

static int sim_remove(struct disk *disk, const char *path)
{
    struct disk_sim *self = sim_of(disk);
    const struct entry *entry = names_find(&self->now, path);
    int rc = gate(self, DISK_OP_REMOVE);

    if (rc == 0 && entry == NULL) {
        rc = -ENOENT;
    }
    if (rc == 0) {
        name_change(self, path, NULL, entry->inode);
        done(self, DISK_OP_REMOVE, NULL, 0);
    }
    return rc;
}

/* Directories are always there and durable. */
static int sim_make_dir(struct disk *disk, const char *path)
{
    (void)disk;
    (void)path;
    return 0;
}

static int sim_sync_dir(struct disk *disk, const char *path)
{
    struct disk_sim *self = sim_of(disk);
    size_t kept = 0;
    int rc = gate(self, DISK_OP_SYNC_DIR);

    for (size_t i = 0; rc == 0 && i < self->name_change_count; i++) {
        struct name_change *change = &self->name_changes[i];

        if (inside(path, change->to != NULL ? change->to : change->from)) {
            names_apply(&self->durable, change);
            free(change->from);
            free(change->to);
        } else {
            self->name_changes[kept++] = *change;
        }
    }
    self->name_change_count = rc == 0 ? kept : self->name_change_count;
    if (rc == 0) {
        done(self, DISK_OP_SYNC_DIR, NULL, 0);
    }
    return rc;
}

static int sim_list(struct disk *disk, const char *path, disk_list_fn *each, void *context)
{
    struct disk_sim *self = sim_of(disk);
    int rc = gate(self, DISK_OP_LIST);

    for (size_t i = 0; rc == 0 && i < self->now.count; i++) {
        if (inside(path, self->now.items[i].path)) {
            each(context, strrchr(self->now.items[i].path, '/') + 1);
        }
    }
    return rc;
}

static int sim_lock(struct disk *disk, const char *path, int64_t *holder)
{
    struct disk_sim *self = sim_of(disk);
    int rc = gate(self, DISK_OP_LOCK);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < self->handle_count; i++) {
        const struct handle *handle = &self->handles[i];

        if (handle->open && handle->lock && strcmp(handle->lock_path, path) == 0) {
            *holder = 0;
            return -EWOULDBLOCK;
        }
    }
    return handle_new(self,
                      (struct handle){.open = true, .lock = true, .lock_path = copy_text(path)});
}

static void sim_owner(struct disk *disk, const char *path, char text[disk_owner_max])
{
    (void)disk;
    (void)path;
    text[0] = '\0';
}

static void sim_wait(struct disk *disk, int64_t ms)
{
    sim_of(disk)->waited_ms += ms;
}

/* ── for tests ──────────────────────────────────────────────────────────────*/

struct disk_sim *disk_sim_new(uint64_t seed)
{
    struct disk_sim *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    self->disk = (struct disk){
        .open = sim_open,
        .close = sim_close,
        .size = sim_size,
        .place = sim_place,
        .read = sim_read,
        .write = sim_write,
        .allocate = sim_allocate,
        .truncate = sim_truncate,
        .sync = sim_sync,
        .rename = sim_rename,
        .remove = sim_remove,
        .make_dir = sim_make_dir,
        .sync_dir = sim_sync_dir,
        .list = sim_list,
        .lock = sim_lock,
        .owner = sim_owner,
        .wait = sim_wait,
    };
    prng_init(&self->prng, seed);
    return self;
}

static void inode_empty(struct inode *inode)
{
    changes_forget(inode);
    buf_fini(&inode->durable);
    buf_fini(&inode->now);
}

void disk_sim_destroy(struct disk_sim **self)
{
    struct disk_sim *gone = *self;

    if (gone == NULL) {
        return;
    }
    disk_sim_kill(gone);
    for (size_t i = 0; i < gone->inode_count; i++) {
        inode_empty(&gone->inodes[i]);
    }
    names_clear(&gone->durable);
    names_clear(&gone->now);
    name_changes_forget(gone);
    free(gone->inodes);
    free(gone);
    *self = NULL;
}

struct disk *disk_sim_disk(struct disk_sim *self)
{
    return &self->disk;
}

/* Files without a name give their memory back; their numbers stay. */
static void drop_nameless(struct disk_sim *self)
{
    for (size_t i = 0; i < self->inode_count; i++) {
        bool named = false;

        for (size_t j = 0; j < self->now.count && !named; j++) {
            named = self->now.items[j].inode == i;
        }
        for (size_t j = 0; j < self->durable.count && !named; j++) {
            named = self->durable.items[j].inode == i;
        }
        if (!named) {
            inode_empty(&self->inodes[i]);
        }
    }
}

void disk_sim_kill(struct disk_sim *self)
{
    for (size_t i = 0; i < self->handle_count; i++) {
        free(self->handles[i].lock_path);
    }
    free(self->handles);
    self->handles = NULL;
    self->handle_count = 0;
    drop_nameless(self);
}

void disk_sim_power_cut(struct disk_sim *self, enum disk_sim_keep keep, size_t bytes)
{
    size_t keep_names = keep == DISK_KEEP_NOTHING || keep == DISK_KEEP_DATA ? 0
                        : keep == DISK_KEEP_RANDOM || keep == DISK_KEEP_SECTORS
                            ? (size_t)prng_below(&self->prng, self->name_change_count + 1)
                            : self->name_change_count;

    for (size_t i = 0; i < keep_names; i++) {
        names_apply(&self->durable, &self->name_changes[i]);
    }
    name_changes_forget(self);
    names_clear(&self->now);
    for (size_t i = 0; i < self->durable.count; i++) {
        names_put(&self->now, self->durable.items[i].path, self->durable.items[i].inode);
    }
    for (size_t i = 0; i < self->inode_count; i++) {
        inode_cut(self, &self->inodes[i], keep, bytes);
    }
    self->mortal = false;
    self->fail_times = 0;
    disk_sim_kill(self);
}

void disk_sim_fail(struct disk_sim *self, unsigned mask, uint32_t after, uint32_t times, int error)
{
    self->fail_mask = mask;
    self->fail_after = after;
    self->fail_times = times;
    self->fail_error = error;
}

void disk_sim_die_after(struct disk_sim *self, uint32_t changes)
{
    self->mortal = changes != UINT32_MAX;
    self->dies_at = self->changes + changes;
}

uint64_t disk_sim_changes(const struct disk_sim *self)
{
    return self->changes;
}

static struct names names_copy(const struct names *from)
{
    struct names copy = {0};

    for (size_t i = 0; i < from->count; i++) {
        names_put(&copy, from->items[i].path, from->items[i].inode);
    }
    return copy;
}

static struct inode inode_copy(const struct inode *from)
{
    struct inode copy = {0};

    buf_add_str(&copy.durable, buf_str(&from->durable));
    buf_add_str(&copy.now, buf_str(&from->now));
    for (size_t i = 0; i < from->change_count; i++) {
        struct file_change change = from->changes[i];

        change.data = (struct buf){0};
        buf_add_str(&change.data, buf_str(&from->changes[i].data));
        copy.changes = grow(copy.changes, copy.change_count, sizeof(change));
        copy.changes[copy.change_count++] = change;
    }
    return copy;
}

struct disk_sim *disk_sim_clone(const struct disk_sim *self, uint64_t seed)
{
    struct disk_sim *copy = disk_sim_new(seed);

    copy->durable = names_copy(&self->durable);
    copy->now = names_copy(&self->now);
    copy->inodes = malloc((self->inode_count + 1) * sizeof(copy->inodes[0]));
    assert(copy->inodes != NULL);
    for (size_t i = 0; i < self->inode_count; i++) {
        copy->inodes[copy->inode_count++] = inode_copy(&self->inodes[i]);
    }
    for (size_t i = 0; i < self->name_change_count; i++) {
        const struct name_change *from = &self->name_changes[i];
        struct name_change change = {copy_text(from->from), copy_text(from->to), from->inode};

        copy->name_changes = grow(copy->name_changes, copy->name_change_count, sizeof(change));
        copy->name_changes[copy->name_change_count++] = change;
    }
    return copy;
}

void disk_sim_watch(struct disk_sim *self, disk_sim_watch_fn *watch, void *context)
{
    self->watch = watch;
    self->watch_context = context;
}

int64_t disk_sim_waited_ms(const struct disk_sim *self)
{
    return self->waited_ms;
}

bool disk_sim_get(const struct disk_sim *self, const char *path, struct buf *bytes)
{
    const struct entry *entry = names_find(&self->now, path);

    if (entry != NULL) {
        buf_add_str(bytes, buf_str(&self->inodes[entry->inode].now));
    }
    return entry != NULL;
}

void disk_sim_put(struct disk_sim *self, const char *path, struct str bytes)
{
    size_t inode = inode_new(self);

    buf_add_str(&self->inodes[inode].durable, bytes);
    buf_add_str(&self->inodes[inode].now, bytes);
    names_put(&self->now, path, inode);
    names_put(&self->durable, path, inode);
}

bool disk_sim_flip(struct disk_sim *self, const char *path, size_t offset, unsigned char mask)
{
    const struct entry *entry = names_find(&self->now, path);
    struct inode *inode = entry != NULL ? &self->inodes[entry->inode] : NULL;

    if (inode == NULL || offset >= inode->now.len) {
        return false;
    }
    inode->now.data[offset] = (char)((unsigned char)inode->now.data[offset] ^ mask);
    if (offset < inode->durable.len) {
        inode->durable.data[offset] = inode->now.data[offset];
    }
    return true;
}
