#include "gateway/etcd/process_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void print(struct buf *to, const char *name, const char *type, const char *help,
                  double value)
{
    buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, value);
}

static bool count_descriptors(unsigned *count)
{
    DIR *dir = opendir("/proc/self/fd");

    if (dir == NULL) {
        return false;
    }
    *count = 0;
    while (readdir(dir) != NULL) {
        (*count)++;
    }
    (void)closedir(dir);
    *count -= *count < 3 ? *count : 3; /* ".", "..", and this one */
    return true;
}

static void print_descriptors(struct buf *to)
{
    struct rlimit limit;
    unsigned count;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        print(to, "process_max_fds", "gauge", "Descriptors it may have.", (double)limit.rlim_cur);
        print(to, "os_fd_limit", "gauge", "Descriptors it may have.", (double)limit.rlim_cur);
    }
    if (count_descriptors(&count)) {
        print(to, "process_open_fds", "gauge", "Descriptors it has.", count);
        print(to, "os_fd_used", "gauge", "Descriptors it has.", count);
    }
}

/* Seconds since 1970 at which the machine started; 0: not known. */
static unsigned long long boot_s(void)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[256];
    unsigned long long second = 0;

    while (file != NULL && second == 0 && fgets(line, sizeof(line), file) != NULL) {
        (void)sscanf(line, "btime %llu", &second);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return second;
}

/* The fields of /proc/self/stat behind the name, which may hold anything: 14, 15 times, 22 start,
 * 23 bytes of memory, 24 pages that are there. */
static void print_stat(struct buf *to)
{
    FILE *file = fopen("/proc/self/stat", "re");
    char line[1024] = {0};
    size_t len = file != NULL ? fread(line, 1, sizeof(line) - 1, file) : 0;
    const char *behind = len > 0 ? strrchr(line, ')') : NULL;
    unsigned long long user;
    unsigned long long system;
    unsigned long long start;
    unsigned long long bytes;
    long long pages;
    double ticks = (double)sysconf(_SC_CLK_TCK);

    if (file != NULL) {
        (void)fclose(file);
    }
    if (behind == NULL ||
        sscanf(behind,
               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
               "%llu %llu %lld",
               &user, &system, &start, &bytes, &pages) != 5) {
        return;
    }
    print(to, "process_cpu_seconds_total", "counter", "Seconds of CPU it has used.",
          (double)(user + system) / ticks);
    print(to, "process_start_time_seconds", "gauge", "When it started, since 1970.",
          (double)boot_s() + (double)start / ticks);
    print(to, "process_virtual_memory_bytes", "gauge", "Bytes of its address space.",
          (double)bytes);
    print(to, "process_resident_memory_bytes", "gauge", "Bytes of it that are in memory.",
          (double)pages * (double)sysconf(_SC_PAGESIZE));
}

void process_metrics_print(struct buf *to)
{
    struct rlimit space;

    print_descriptors(to);
    print_stat(to);
    if (getrlimit(RLIMIT_AS, &space) == 0) {
        print(to, "process_virtual_memory_max_bytes", "gauge", "Bytes its address space may have.",
              space.rlim_cur == RLIM_INFINITY ? -1.0 : (double)space.rlim_cur);
    }
}
