/* Cuts the power of a registry's disk at thousands of points, and flips the bits
 * of its files: crashpoints [--all]. Ends with one line of sums. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crashpoints/story.h"

static void print_faults(FILE *to)
{
    for (enum story_fault fault = STORY_SOUND + 1; fault < STORY_FAULTS; fault++) {
        (void)fprintf(to, "%s\n", story_fault_name(fault));
    }
}

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: crashpoints [--all | --short] [--fault NAME] | --faults\n"
                  "  --all         more stories, every byte, more starts cut again\n"
                  "  --short       one story for each journal_sync\n"
                  "  --fault NAME  with something made wrong, which must be found; one of:\n");
    print_faults(stderr);
    return 2;
}

struct options {
    bool all;
    bool brief;
    enum story_fault fault;
};

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0) {
            options->all = true;
        } else if (strcmp(argv[i], "--short") == 0) {
            options->brief = true;
        } else if (strcmp(argv[i], "--fault") == 0 && ++i < argc) {
            for (enum story_fault fault = STORY_SOUND + 1; fault < STORY_FAULTS; fault++) {
                if (strcmp(argv[i], story_fault_name(fault)) == 0) {
                    options->fault = fault;
                }
            }
            if (options->fault == STORY_SOUND) {
                return false;
            }
        } else {
            return false;
        }
    }
    return true;
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
    struct options options = {.fault = STORY_SOUND};
    struct crash_sums sums = {0};
    uint64_t stories;

    if (argc == 2 && strcmp(argv[1], "--faults") == 0) {
        print_faults(stdout);
        return EXIT_SUCCESS;
    }
    if (!read_options(argc, argv, &options)) {
        return usage();
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    stories = options.all ? 20 : options.brief ? 3 : 5;
    for (uint64_t i = 0; i < stories; i++) {
        story_tell(&(struct story_options){.seed = i + 1,
                                           .journal_sync = modes[i % 5],
                                           .turns = options.all     ? 200
                                                    : options.brief ? 30
                                                                    : 100,
                                           .flip_every = i % 5 != 0      ? 0
                                                         : options.brief ? 25
                                                                         : 45,
                                           .fault = options.fault,
                                           .all = options.all,
                                           .quiet = options.fault != STORY_SOUND},
                   &sums);
        if (options.all) {
            printf("story %" PRIu64 ": points=%" PRIu64 " failed=%" PRIu64 "\n", i + 1, sums.points,
                   sums.failed);
        }
    }
    print_sums(&sums);
    return sums.failed == 0 && sums.undetected == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
