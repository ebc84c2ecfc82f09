/* A main for fuzzers in builds without libFuzzer: runs every file named on the
 * command line, or in a directory named there, through the fuzzer once.
 * Fails if there was none: a seed corpus that went missing must be noticed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct buf bytes = {0};
    bool good = false;
    size_t got;
    char *exact;

    if (file == NULL) {
        perror(path);
        return false;
    }
    do {
        got = fread(buf_reserve(&bytes, 65536), 1, 65536, file);
        bytes.len += got;
    } while (got > 0);
    /* in an allocation of just its size, so that a sanitizer sees a read behind it */
    exact = malloc(bytes.len + (bytes.len == 0));
    if (ferror(file) == 0 && exact != NULL) {
        memcpy(exact, bytes.data, bytes.len);
        (void)LLVMFuzzerTestOneInput((const uint8_t *)exact, bytes.len);
        good = true;
    } else {
        perror(path);
    }
    free(exact);
    buf_fini(&bytes);
    (void)fclose(file);
    return good;
}

/* Files of a directory, or the one file. False: something could not be read. */
static bool run(const char *path, unsigned *count)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    bool good = true;

    if (directory == NULL) {
        ++*count;
        return run_file(path);
    }
    while ((entry = readdir(directory)) != NULL) {
        char name[4096];
        struct stat info;

        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (stat(name, &info) == 0 && S_ISREG(info.st_mode)) {
            ++*count;
            good = run_file(name) && good;
        }
    }
    (void)closedir(directory);
    return good;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    bool good = true;

    for (int i = 1; i < argc; i++) {
        good = run(argv[i], &count) && good;
    }
    printf("%u inputs\n", count);
    return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
