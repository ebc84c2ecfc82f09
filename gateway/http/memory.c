#include "gateway/http/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/http/response.h"

static const uint64_t share = 4;                  /* of the machine's memory: one in so many */
static const uint64_t least = (uint64_t)16 << 20; /* the largest body of all, and a little more */

/* ── how much there may be ──────────────────────────────────────────────────*/

/* A number of bytes in a file; UINT64_MAX: none, or no bound ("max"). */
static uint64_t read_bytes(const char *path)
{
    unsigned long long bytes = 0;
    FILE *file = fopen(path, "re");
    int read;

    if (file == NULL) {
        return UINT64_MAX;
    }
    read = fscanf(file, "%llu", &bytes);
    (void)fclose(file);
    return read == 1 && bytes > 0 ? bytes : UINT64_MAX;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Of our own cgroup and those it is in; "0::/a/b" is version 2's line. */
static uint64_t cgroup_bytes(void)
{
    uint64_t bytes = read_bytes("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[1024];
    char path[1200];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", strlen("0::/")) != 0) {
            continue;
        }
        for (char *end = line + strlen(line); end != NULL; end = strrchr(line + 3, '/')) {
            *end = '\0';
            (void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", line + 3);
            bytes = least_of(bytes, read_bytes(path));
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return bytes;
}

static uint64_t machine_bytes(void)
{
    struct rlimit limit;
    uint64_t bytes = cgroup_bytes();
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);

    if (pages > 0 && page > 0) {
        bytes = least_of(bytes, (uint64_t)pages * (uint64_t)page);
    }
    if (getrlimit(RLIMIT_AS, &limit) == 0) {
        bytes = least_of(bytes, limit.rlim_cur); /* RLIM_INFINITY is the greatest */
    }
    return bytes;
}

void memory_init(struct memory *self, uint64_t max, unsigned sharers)
{
    self->max = max;
    if (self->max == 0) {
        self->max = machine_bytes() / share / (sharers > 0 ? sharers : 1);
        self->max = self->max > least ? self->max : least;
    }
}

/* ── counting ───────────────────────────────────────────────────────────────*/

bool memory_is_full(const struct memory *self)
{
    return self->held > self->max;
}

void memory_weigh(struct memory *self, size_t *weight, size_t bytes)
{
    assert(self->held >= *weight);
    self->held += bytes;
    self->held -= *weight;
    *weight = bytes;
}

void memory_hold(struct memory *self, struct response *response)
{
    if (response->holders++ == 0) {
        self->held += response->body.len;
    }
}

void memory_release(struct memory *self, struct response *response)
{
    if (--response->holders == 0) {
        self->held -= response->body.len;
    }
}
