/* A yardstick for a lone write: what libzmq alone costs when one process asks another over ipc and
 * waits for the answer, with the sockets and the sizes of a renew.
 *
 *   bench_bare_hop SECONDS
 *
 * Prints `hops N cpu_s X`, of both processes. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/clock.h"

enum { question_bytes = 52, answer_bytes = 37, name_max = 32, room = 256, seconds_max = 3600 };

static void need(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static double cpu_s(int who)
{
    struct rusage used;

    (void)getrusage(who, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Ends with a question that is empty. */
static void answer_all(const char *address)
{
    char name[name_max];
    char body[room];
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    int len = 1;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    need(zmq_bind(socket, address) == 0, "bind");
    while (len > 0) {
        int name_len = zmq_recv(socket, name, sizeof(name), 0);

        len = zmq_recv(socket, body, sizeof(body), 0);
        (void)zmq_send(socket, name, (size_t)name_len, ZMQ_SNDMORE);
        (void)zmq_send(socket, body, answer_bytes, 0);
    }
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
}

static unsigned long ask_for(void *socket, int64_t ms)
{
    char body[room] = {0};
    int64_t end_ms = clock_os.now(&clock_os).mono_ms + ms;
    unsigned long hops = 0;

    while (hops % 64 != 0 || clock_os.now(&clock_os).mono_ms < end_ms) {
        need(zmq_send(socket, body, question_bytes, 0) == question_bytes, "send");
        need(zmq_recv(socket, body, sizeof(body), 0) == answer_bytes, "receive");
        hops++;
    }
    (void)zmq_send(socket, body, 0, 0);
    return hops;
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/muster-bench-XXXXXX";
    char address[64];
    void *context;
    void *socket;
    unsigned long hops;
    long seconds = 0;
    pid_t child;

    if (argc != 2 || (seconds = strtol(argv[1], NULL, 10)) <= 0 || seconds > seconds_max) {
        (void)fprintf(stderr, "usage: bench_bare_hop SECONDS, %d at most\n", seconds_max);
        return 2;
    }
    need(mkdtemp(directory) != NULL, "mkdtemp");
    (void)snprintf(address, sizeof(address), "ipc://%s/hop", directory);
    child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        answer_all(address);
        return 0;
    }
    context = zmq_ctx_new();
    socket = zmq_socket(context, ZMQ_DEALER);
    need(zmq_connect(socket, address) == 0, "connect");
    hops = ask_for(socket, (int64_t)seconds * 1000);
    need(waitpid(child, NULL, 0) == child, "waitpid");
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    (void)printf("hops %lu cpu_s %.4f\n", hops, cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN));
    (void)unlink(address + sizeof("ipc://") - 1);
    (void)rmdir(directory);
    return 0;
}
