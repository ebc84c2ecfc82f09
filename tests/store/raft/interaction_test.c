/* With RAFT_TRANSCRIPTS=FOLDER it plays etcd-io/raft's own files instead of ours; with a file as
 * its argument it prints that with what comes now. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/store/raft/interaction.h"

static void every_transcript_is_played_alike(void **state)
{
    const char *given = getenv("RAFT_TRANSCRIPTS");
    const char *folder = given == NULL ? "tests/store/raft/transcripts" : given;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    unsigned alike = 0;
    unsigned otherwise = 0;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[1024];
        enum played played;

        if (strstr(entry->d_name, ".txt") == NULL) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        played = interaction_play(path, stderr);
        alike += played == PLAYED_ALIKE;
        otherwise += played == PLAYED_OTHERWISE;
        assert_true(given != NULL || played == PLAYED_ALIKE);
    }
    closedir(dir);
    print_message("%u alike, %u otherwise\n", alike, otherwise);
    assert_int_equal(0, otherwise);
    assert_true(alike > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transcript_is_played_alike),
    };

    if (argc == 2) {
        return interaction_print(argv[1], stdout) == PLAYED_ALIKE ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
