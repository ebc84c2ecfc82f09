#include "gateway/etcd/watch_groups.h"

#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/heap.h"

static struct hash128 hash_of(struct str key)
{
    return hash128(key.data, key.len);
}

static struct hash128 key_of(const void *context, uint32_t number)
{
    const struct watch_group *group = table_get(context, number);

    return hash_of(group->wish.key);
}

void watch_groups_init(struct watch_groups *self, uint64_t seed)
{
    *self = (struct watch_groups){0};
    table_init(&self->singles, &self->memory);
    index_init(&self->by_key, &self->memory, key_of, &self->singles);
    index_seed(&self->by_key, seed);
    watch_links_init(&self->prev);
    prng_init(&self->prng, seed);
}

void watch_groups_fini(struct watch_groups *self)
{
    assert(self->count == 0);
    index_fini(&self->by_key);
    table_fini(&self->singles);
    free(self->found);
}

/* ── order of wishes ── */

static int compare_ends(const struct watch_wish *a, const struct watch_wish *b)
{
    bool open = watch_wish_is_open(a);

    if (open || watch_wish_is_open(b)) {
        return (int)open - (int)watch_wish_is_open(b);
    }
    return str_cmp(a->end, b->end);
}

static unsigned options_of(const struct watch_wish *wish)
{
    return (unsigned)wish->prev | (unsigned)wish->fragment << 1 | (unsigned)wish->no_put << 2 |
           (unsigned)wish->no_delete << 3;
}

static int compare(const struct watch_wish *a, const struct watch_wish *b)
{
    int order = str_cmp(a->key, b->key);

    order = order != 0 ? order : compare_ends(a, b);
    return order != 0 ? order : (int)options_of(a) - (int)options_of(b);
}

/* ── ranges ── */

static void refresh(struct watch_group *node)
{
    node->farthest = node;
    if (node->left != NULL &&
        compare_ends(&node->left->farthest->wish, &node->farthest->wish) > 0) {
        node->farthest = node->left->farthest;
    }
    if (node->right != NULL &&
        compare_ends(&node->right->farthest->wish, &node->farthest->wish) > 0) {
        node->farthest = node->right->farthest;
    }
}

/* Those before wish, and the others. */
static void split(struct watch_group *root, const struct watch_wish *wish,
                  struct watch_group **before, struct watch_group **behind)
{
    if (root == NULL) {
        *before = *behind = NULL;
    } else if (compare(&root->wish, wish) < 0) {
        *before = root;
        split(root->right, wish, &root->right, behind);
        refresh(root);
    } else {
        *behind = root;
        split(root->left, wish, before, &root->left);
        refresh(root);
    }
}

static struct watch_group *merge(struct watch_group *before, struct watch_group *behind)
{
    if (before == NULL || behind == NULL) {
        return before != NULL ? before : behind;
    }
    if (before->priority > behind->priority) {
        before->right = merge(before->right, behind);
        refresh(before);
        return before;
    }
    behind->left = merge(before, behind->left);
    refresh(behind);
    return behind;
}

static struct watch_group *insert(struct watch_group *root, struct watch_group *node)
{
    if (root == NULL || node->priority > root->priority) {
        split(root, &node->wish, &node->left, &node->right);
        refresh(node);
        return node;
    }
    if (compare(&node->wish, &root->wish) < 0) {
        root->left = insert(root->left, node);
    } else {
        root->right = insert(root->right, node);
    }
    refresh(root);
    return root;
}

static struct watch_group *take_out(struct watch_group *root, const struct watch_group *node)
{
    if (root == node) {
        return merge(root->left, root->right);
    }
    if (compare(&node->wish, &root->wish) < 0) {
        root->left = take_out(root->left, node);
    } else {
        root->right = take_out(root->right, node);
    }
    refresh(root);
    return root;
}

static struct watch_group *find_range(const struct watch_groups *self,
                                      const struct watch_wish *wish)
{
    struct watch_group *node = self->ranges;

    while (node != NULL) {
        int order = compare(wish, &node->wish);

        if (order == 0) {
            return node;
        }
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static void hit(struct watch_groups *self, struct watch_group *group)
{
    /* of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    ARRAY_ROOM(self->found, self->found_count, self->found_cap, 16);
    self->found[self->found_count++] = group;
}

static bool reaches(const struct watch_group *group, struct str key)
{
    return watch_wish_is_open(&group->wish) || str_cmp(key, group->wish.end) < 0;
}

static void stab(struct watch_groups *self, struct watch_group *node, struct str key)
{
    while (node != NULL && reaches(node->farthest, key)) {
        stab(self, node->left, key);
        if (str_cmp(node->wish.key, key) > 0) {
            return;
        }
        if (reaches(node, key)) {
            hit(self, node);
        }
        node = node->right;
    }
}

/* ── single keys ── */

static struct watch_group *first_of(const struct watch_groups *self, struct str key)
{
    uint32_t number = self->by_key.count > 0 ? index_find(&self->by_key, hash_of(key)) : INDEX_NONE;
    struct watch_group *group = number != INDEX_NONE ? table_get(&self->singles, number) : NULL;

    return group != NULL && str_eq(group->wish.key, key) ? group : NULL;
}

static struct watch_group *find_single(const struct watch_groups *self,
                                       const struct watch_wish *wish)
{
    struct watch_group *group = first_of(self, wish->key);

    while (group != NULL && options_of(&group->wish) != options_of(wish)) {
        group = group->same;
    }
    return group;
}

static void add_single(struct watch_groups *self, struct watch_group *group)
{
    struct watch_group *first = first_of(self, group->wish.key);

    if (first != NULL) {
        group->same = first->same;
        first->same = group;
    } else {
        group->number = table_add(&self->singles, group);
        index_add(&self->by_key, hash_of(group->wish.key), group->number);
    }
}

static void remove_single(struct watch_groups *self, struct watch_group *group)
{
    struct watch_group *first = first_of(self, group->wish.key);

    if (first != group) {
        while (first->same != group) {
            first = first->same;
        }
        first->same = group->same;
    } else if (group->same != NULL) {
        group->same->number = group->number;
        table_set(&self->singles, group->number, group->same);
    } else {
        index_remove(&self->by_key, hash_of(group->wish.key), group->number);
        table_remove(&self->singles, group->number);
    }
}

/* ── both ── */

static struct watch_group *group_new(const struct watch_wish *wish)
{
    struct watch_group *group = heap_new(sizeof(*group) + wish->key.len + wish->end.len);
    char *at = (char *)(group + 1);

    group->wish = *wish;
    group->wish.key = str_put(&at, wish->key);
    group->wish.end = str_put(&at, wish->end);
    watch_links_init(&group->live);
    return group;
}

struct watch_group *watch_groups_get(struct watch_groups *self, const struct watch_wish *wish)
{
    bool single = watch_wish_is_single(wish);
    struct watch_group *group = single ? find_single(self, wish) : find_range(self, wish);

    if (group != NULL) {
        return group;
    }
    group = group_new(wish);
    self->count++;
    self->bytes += wish->key.len + wish->end.len;
    if (single) {
        add_single(self, group);
    } else {
        group->priority = (uint32_t)prng_next(&self->prng);
        self->ranges = insert(self->ranges, group);
    }
    if (wish->prev) {
        watch_links_add(&self->prev, &group->prev_link);
        self->prev_count++;
    }
    return group;
}

void watch_groups_drop(struct watch_groups *self, struct watch_group *group)
{
    assert(group->count == 0 && group->body == NULL && group->read == NULL &&
           watch_links_empty(&group->live));
    if (watch_wish_is_single(&group->wish)) {
        remove_single(self, group);
    } else {
        self->ranges = take_out(self->ranges, group);
    }
    if (group->wish.prev) {
        watch_link_remove(&group->prev_link);
        self->prev_count--;
    }
    self->count--;
    self->bytes -= group->wish.key.len + group->wish.end.len;
    free(group);
}

void watch_groups_find(struct watch_groups *self, struct str key)
{
    self->found_count = 0;
    for (struct watch_group *group = first_of(self, key); group != NULL; group = group->same) {
        hit(self, group);
    }
    stab(self, self->ranges, key);
}
