/* musterctl: asks a node, by hand or from a script. */
#include <curl/curl.h>

#include "actors/ctl/bus.h"
#include "actors/ctl/command_line.h"

int main(int argc, char **argv)
{
    int out_error = 0;
    struct ctl ctl = {
        .out = stdout, .err = stderr, .out_error = &out_error, .clock = &clock_os, .stop_fd = -1};
    enum ctl_exit outcome;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ctl_say(&ctl, "libcurl can't be started");
        return CTL_UNREACHABLE;
    }
    bus_begin();
    outcome = command_line_run(&ctl, argc, argv);
    curl_global_cleanup();
    if (outcome == CTL_OK && !ctl_all_written(&ctl)) {
        outcome = CTL_NEGATIVE;
    }
    return (int)outcome;
}
