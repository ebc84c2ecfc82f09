#include "tests/store/mvcc/against_etcd/etcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { tries_max = 600, try_ms = 50 };

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (const struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        abort();
    }
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void run(const struct etcd *self)
{
    char client[64];
    char peer[64];
    char cluster[80];
    int null = open("/dev/null", O_RDWR);

    (void)snprintf(client, sizeof(client), "http://127.0.0.1:%u", self->port);
    (void)snprintf(peer, sizeof(peer), "http://127.0.0.1:%u", self->peer_port);
    (void)snprintf(cluster, sizeof(cluster), "default=%s", peer);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)dup2(null, 1);
    (void)dup2(null, 2);
    execl("/usr/bin/etcd", "etcd", "--data-dir", self->directory, "--listen-client-urls", client,
          "--advertise-client-urls", client, "--listen-peer-urls", peer,
          "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster, (char *)NULL);
    _exit(127);
}

static bool answers(struct etcd *self)
{
    struct grpc_answer answer;
    bool good;

    self->grpc = grpc_connect(self->port);
    if (self->grpc == NULL) {
        return false;
    }
    grpc_call(self->grpc, STR("/etcdserverpb.KV/Range"), STR("\x0a\x01x"), &answer);
    good = answer.status == 0;
    grpc_answer_fini(&answer);
    if (!good) {
        grpc_close(&self->grpc);
    }
    return good;
}

static void end(struct etcd *self)
{
    grpc_close(&self->grpc);
    if (self->pid > 0) {
        (void)kill(self->pid, SIGTERM);
        (void)waitpid(self->pid, NULL, 0);
        self->pid = 0;
    }
}

bool etcd_restart(struct etcd *self)
{
    end(self);
    self->port = free_port();
    self->pid = fork();
    if (self->pid == 0) {
        run(self);
    }
    for (int i = 0; i < tries_max; i++) {
        if (answers(self)) {
            return true;
        }
        (void)poll(NULL, 0, try_ms);
    }
    return false;
}

bool etcd_start(struct etcd *self)
{
    *self = (struct etcd){.peer_port = free_port()};
    (void)snprintf(self->directory, sizeof(self->directory), "/dev/shm/against-etcd-XXXXXX");
    return mkdtemp(self->directory) != NULL && etcd_restart(self);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void etcd_stop(struct etcd *self)
{
    end(self);
    (void)nftw(self->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
