/* Cuts the power of a registry's disk at thousands of points, and flips the bits
 * of its files: crashpoints [--all]. Ends with one line of sums. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "tests/crashpoints/story.h"

static int usage(void)
{
    (void)fprintf(stderr, "usage: crashpoints [--all | --story N]\n"
                          "  --all      more stories, every byte, more starts cut again\n"
                          "  --story N  that one only, cut short; 1 to 3 have each journal_sync\n");
    return 2;
}

struct options {
    bool all;
    uint32_t story; /* 0: every one, and to its end */
};

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0) {
            options->all = true;
        } else if (strcmp(argv[i], "--story") != 0 || i + 1 == argc ||
                   str_to_u32(str_from(argv[++i]), &options->story) != ERR_OK ||
                   options->story == 0) {
            return false;
        }
    }
    return !options->all || options->story == 0;
}

static void print_sums(const struct crash_sums *sums)
{
    for (unsigned bit = 1; bit < crash_ops; bit++) {
        printf("after %-9s %" PRIu64 " cuts\n", crash_op_name(bit), sums->cuts[bit]);
    }
    printf("in a start      %" PRIu64 " of them\n", sums->in_recovery);
    printf("epoch must stay %" PRIu64 " of them; a new one began after %" PRIu64 " others\n",
           sums->epochs_kept, sums->new_epochs);
    printf("flips           %" PRIu64 ", of them %" PRIu64 " in files that no start reads\n",
           sums->flips, sums->unread);
    printf("points=%" PRIu64 " failed=%" PRIu64 " flips=%" PRIu64 " undetected=%" PRIu64 "\n",
           sums->points, sums->failed, sums->flips, sums->undetected);
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"always", "1s", "never", "always", "always"};
    struct options options = {0};
    struct crash_sums sums = {0};
    uint64_t stories;
    uint64_t first;

    if (!read_options(argc, argv, &options)) {
        return usage();
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    first = options.story != 0 ? options.story - 1 : 0;
    stories = options.all ? 20 : options.story != 0 ? options.story : 5;
    for (uint64_t i = first; i < stories; i++) {
        story_tell(&(struct story_options){.seed = i + 1,
                                           .journal_sync = modes[i % 5],
                                           .turns = options.all          ? 200
                                                    : options.story != 0 ? 30
                                                                         : 100,
                                           .flip_every = i % 5 != 0           ? 0
                                                         : options.story != 0 ? 25
                                                                              : 45,
                                           .all = options.all},
                   &sums);
        if (options.all) {
            printf("story %" PRIu64 ": points=%" PRIu64 " failed=%" PRIu64 "\n", i + 1, sums.points,
                   sums.failed);
        }
    }
    print_sums(&sums);
    return sums.failed == 0 && sums.undetected == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
