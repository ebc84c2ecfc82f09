/* musterctl: asks a node, by hand or from a script. */
#include <curl/curl.h>

#include "actors/ctl/bus.h"
#include "actors/ctl/command_line.h"

int main(int argc, char **argv)
{
    struct ctl ctl = {.out = stdout, .err = stderr, .clock = &clock_os, .stop_fd = -1};
    enum ctl_exit outcome;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ctl_say(&ctl, "libcurl can't be started");
        return CTL_UNREACHABLE;
    }
    bus_begin();
    outcome = command_line_run(&ctl, argc, argv);
    curl_global_cleanup();
    return (int)outcome;
}
