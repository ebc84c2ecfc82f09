#include "common/runtime/curve.h"
#include "common/base/file.h"
#include "common/base/heap.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>

enum {
    key_file_bytes_max = 4096,
    raw_key_bytes = 32,
    requests_max = 100, /* of one call */
    quiet_ms = 10000,   /* between two lines on the log */
    zap_parts = 7,      /* version, request id, domain, address, identity, mechanism, key */
};

static const char suffix[] = ".pub";

/* ── the directory ── */

static enum err say(struct buf *why, enum err err, const char *dir, const char *file,
                    const char *what)
{
    buf_printf(why, "%s/%s: %s", dir, file, what);
    return err;
}

/* Takes a line off rest, without the blanks at its end. */
static struct str line_next(struct str *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    struct str line = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    size_t taken = line.len + (end != NULL ? 1 : 0);

    *rest = (struct str){rest->len > 0 ? rest->data + taken : NULL, rest->len - taken};
    while (line.len > 0 && (unsigned char)line.data[line.len - 1] <= ' ') {
        line.len--;
    }
    return line;
}

bool curve_key_from(struct str text, char *key)
{
    uint8_t raw[raw_key_bytes];
    char copy[curve_key_chars + 1] = "";
    bool ok = text.len == curve_key_chars && memchr(text.data, '\0', text.len) == NULL;

    if (ok) {
        memcpy(copy, text.data, text.len);
        ok = zmq_z85_decode(raw, copy) != NULL;
    }
    if (ok) {
        memcpy(key, copy, sizeof(copy));
    }
    explicit_bzero(raw, sizeof(raw));
    explicit_bzero(copy, sizeof(copy));
    return ok;
}

/* A key, or a link to one (as secrets are mounted). What is not there is well. */
static bool placed_by_its_owner(const char *dir, const char *path)
{
    struct stat directory;
    struct stat about;

    return stat(dir, &directory) != 0 || lstat(path, &about) != 0 || about.st_uid == 0 ||
           about.st_uid == geteuid() || about.st_uid == directory.st_uid;
}

/* The file's beginning. secret: only if nobody else may read it. */
static enum err read_file(const char *dir, const char *file, bool secret, struct buf *to,
                          struct buf *why)
{
    struct buf path = {0};
    struct stat about = {0};
    int fd;
    enum err err = ERR_IO;

    buf_printf(&path, "%s/%s%c", dir, file, 0);
    if (!placed_by_its_owner(dir, path.data)) {
        buf_fini(&path);
        return say(why, ERR_INVALID, dir, file,
                   "was put there by another user than the directory's, root or this one: who may "
                   "talk to this node is then theirs to say; make it anew");
    }
    fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    buf_fini(&path);
    if (fd >= 0 && fstat(fd, &about) == 0) {
        err = file_read_open(fd, key_file_bytes_max, to);
    }
    if (err != ERR_OK) {
        int number = errno;

        err = err_of_file(number);
        buf_printf(why, "%s/%s: can't be read: %s; ", dir, file, strerror(number));
        if (number == ENOENT) {
            buf_printf(why, "make keys with: musterctl keygen %s", dir);
        } else {
            buf_add_str(why, STR("give it to the user this runs as, or repair the disk"));
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (secret && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return say(why, ERR_INVALID, dir, file,
                   "others may read this secret: chmod 600 it, or better make a new one");
    }
    return ERR_OK;
}

static enum err read_own(struct curve_keys *self, const char *dir, struct buf *why)
{
    char derived[curve_key_chars + 1];
    struct buf bytes = {0};
    enum err err = read_file(dir, "node.key", true, &bytes, why);
    struct str rest = buf_str(&bytes);

    if (err == ERR_OK && (!curve_key_from(line_next(&rest), self->public_key) ||
                          !curve_key_from(line_next(&rest), self->secret_key) ||
                          zmq_curve_public(derived, self->secret_key) != 0 ||
                          strcmp(derived, self->public_key) != 0)) {
        err = say(why, ERR_INVALID, dir, "node.key",
                  "expected a line with a public key and one with its secret key, 40 characters "
                  "each; make new ones with: musterctl keygen");
    }
    if (bytes.data != NULL) {
        explicit_bzero(bytes.data, bytes.cap);
    }
    buf_fini(&bytes);
    return err;
}

static void allow(struct curve_keys *self, struct str name, const char *key)
{
    struct curve_allowed *one;

    self->allowed = heap_resize(self->allowed, (self->allowed_count + 1) * sizeof(*self->allowed));
    one = &self->allowed[self->allowed_count++];
    *one = (struct curve_allowed){0};
    if (name.len > 0) {
        memcpy(one->name, name.data, name.len);
    }
    memcpy(one->public_key, key, curve_key_chars);
}

static enum err read_allowed(struct curve_keys *self, const char *dir, const char *file,
                             struct buf *why)
{
    struct str name = str_from(file);
    char key[curve_key_chars + 1];
    struct buf bytes = {0};
    struct str rest;
    enum err err;

    if (name.len <= strlen(suffix) || file[0] == '.' ||
        strcmp(file + name.len - strlen(suffix), suffix) != 0) {
        return ERR_OK;
    }
    name.len -= strlen(suffix);
    if (name.len > curve_name_max || self->allowed_count == curve_allowed_max) {
        return say(why, ERR_INVALID, dir, file,
                   "more keys than the 1024 that are read, or too long a name; take some away");
    }
    err = read_file(dir, file, false, &bytes, why);
    rest = buf_str(&bytes);
    if (err == ERR_OK && !curve_key_from(line_next(&rest), key)) {
        err = say(why, ERR_INVALID, dir, file,
                  "expected one line of 40 characters, a public key as musterctl keygen writes it; "
                  "copy it again or take the file away");
    }
    if (err == ERR_OK) {
        allow(self, name, key);
    }
    buf_fini(&bytes);
    return err;
}

enum err curve_load(struct curve_keys *self, const char *dir, struct buf *why)
{
    struct dirent *entry;
    DIR *files = NULL;
    enum err err;

    *self = (struct curve_keys){0};
    if (zmq_has("curve") == 0) {
        buf_add_str(why, STR("this libzmq was built without CURVE: install one that has it, or "
                             "leave peers.keys empty"));
        return ERR_UNSUPPORTED;
    }
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    err = read_own(self, dir, why);
    if (err != ERR_OK) {
        return err;
    }
    allow(self, STR(""), self->public_key);
    files = opendir(dir);
    if (files == NULL) {
        return say(why, err_of_file(errno), dir, "", "can't be listed; check its permissions");
    }
    while (err == ERR_OK && (errno = 0, entry = readdir(files)) != NULL) {
        err = read_allowed(self, dir, entry->d_name, why);
    }
    if (err == ERR_OK && errno != 0) { /* else the keys not listed would be refused for ever */
        err = say(why, err_of_file(errno), dir, "", "can't be listed to its end; check the disk");
    }
    closedir(files);
    return err;
}

void curve_fini(struct curve_keys *self)
{
    free(self->allowed);
    explicit_bzero(self, sizeof(*self));
}

bool curve_allows(const struct curve_keys *self, struct str public_key)
{
    for (uint32_t i = 0; i < self->allowed_count; i++) {
        if (str_eq(public_key, str_from(self->allowed[i].public_key))) {
            return true;
        }
    }
    return false;
}

const char *curve_key_of(const struct curve_keys *self, struct str host)
{
    for (uint32_t i = 0; i < self->allowed_count; i++) {
        if (host.len > 0 && str_eq(host, str_from(self->allowed[i].name))) {
            return self->allowed[i].public_key;
        }
    }
    return self->public_key;
}

bool curve_is_anothers(const struct curve_keys *self, struct str host, const char *key)
{
    for (uint32_t i = 0; i < self->allowed_count; i++) {
        if (host.len > 0 && str_eq(host, str_from(self->allowed[i].name))) {
            return strcmp(self->allowed[i].public_key, key) != 0;
        }
    }
    return false;
}

/* ── sockets ── */

static void set_text(void *socket, int option, const char *text)
{
    int rc = zmq_setsockopt(socket, option, text, strlen(text));

    assert(rc == 0); /* keys are checked where they come in */
    (void)rc;
}

static void set_number(void *socket, int option, int number)
{
    int rc = zmq_setsockopt(socket, option, &number, sizeof(number));

    assert(rc == 0);
    (void)rc;
}

void curve_serve(const struct curve_keys *self, void *socket)
{
    set_number(socket, ZMQ_CURVE_SERVER, 1);
    set_text(socket, ZMQ_CURVE_SECRETKEY, self->secret_key);
    set_text(socket, ZMQ_ZAP_DOMAIN, "muster");
}

void curve_connect(const struct curve_keys *self, void *socket, const char *server_key)
{
    set_text(socket, ZMQ_CURVE_SERVERKEY, server_key);
    set_text(socket, ZMQ_CURVE_PUBLICKEY, self->public_key);
    set_text(socket, ZMQ_CURVE_SECRETKEY, self->secret_key);
}

/* ── the guard ── */

void curve_guard_open(struct curve_guard *self, const struct curve_keys *keys, void *context)
{
    int rc;

    *self = (struct curve_guard){.keys = keys, .socket = zmq_socket(context, ZMQ_REP)};
    assert(self->socket != NULL);
    set_number(self->socket, ZMQ_LINGER, 0);
    rc = zmq_bind(self->socket, "inproc://zeromq.zap.01");
    assert(rc == 0); /* the name is free in a new context */
    (void)rc;
}

void curve_guard_close(struct curve_guard *self)
{
    if (self->socket != NULL) {
        zmq_close(self->socket);
    }
    *self = (struct curve_guard){0};
}

/* One request's parts, those that are too many dropped. False: nothing waits. */
static bool receive(void *socket, zmq_msg_t *parts, unsigned *count)
{
    bool more = true;

    for (*count = 0; more; ++*count) {
        zmq_msg_t part;

        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&part);
            return false;
        }
        more = zmq_msg_more(&part) != 0;
        if (*count < zap_parts) {
            zmq_msg_init(&parts[*count]);
            zmq_msg_move(&parts[*count], &part);
        }
        zmq_msg_close(&part);
    }
    return true;
}

static struct str text_of(zmq_msg_t *part)
{
    return (struct str){zmq_msg_data(part), zmq_msg_size(part)};
}

static void refuse(struct curve_guard *self, struct str address, const char *key,
                   const struct log *log)
{
    int64_t now_ms = log != NULL ? log->clock->now(log->clock).mono_ms : 0;

    self->refused++;
    if (log == NULL || now_ms < self->quiet_until_ms) {
        return;
    }
    self->quiet_until_ms = now_ms + quiet_ms;
    log_event(log, LOG_WARN, "key_refused",
              "it is not among the keys of peers.keys; if it is a node of yours, copy "
              "its .pub file there and start this process again",
              log_str("address", address), log_text("key", key),
              log_uint("refused", self->refused));
}

/* 300 and not 400: on 400 libzmq gives up for good, and the other side would have to be started
 * again once its key is here; on 300 the connection ends with the handshake's time. */
static const char *judge(struct curve_guard *self, zmq_msg_t *parts, unsigned count, char *key,
                         const struct log *log)
{
    bool curve = count == zap_parts && str_eq(text_of(&parts[5]), STR("CURVE")) &&
                 zmq_msg_size(&parts[6]) == raw_key_bytes;

    if (curve) {
        zmq_z85_encode(key, zmq_msg_data(&parts[6]), raw_key_bytes);
    }
    if (curve && curve_allows(self->keys, str_from(key))) {
        self->let_in++;
        return "200";
    }
    refuse(self, count > 3 ? text_of(&parts[3]) : STR("?"), key, log);
    return "300";
}

/* key: as libzmq tells it of every message of that connection then ("User-Id"). */
static void reply(void *socket, zmq_msg_t *id, const char *status, const char *key)
{
    static const char version[] = "1.0";

    /* a session that has gone meanwhile is no error: what is sent to it is dropped */
    (void)zmq_send(socket, version, strlen(version), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(socket, zmq_msg_data(id), zmq_msg_size(id), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(socket, status, strlen(status), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT); /* text */
    (void)zmq_send(socket, key, strlen(key), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(socket, "", 0, ZMQ_DONTWAIT); /* metadata */
}

void curve_guard_answer(struct curve_guard *self, const struct log *log)
{
    zmq_msg_t parts[zap_parts];
    unsigned count;

    for (int i = 0; i < requests_max && receive(self->socket, parts, &count); i++) {
        char key[curve_key_chars + 1] = "none";
        const char *status = judge(self, parts, count, key, log);

        if (count > 1) {
            reply(self->socket, &parts[1], status, key);
        } else {
            (void)zmq_send(self->socket, "", 0, ZMQ_DONTWAIT);
        }
        for (unsigned j = 0; j < count && j < zap_parts; j++) {
            zmq_msg_close(&parts[j]);
        }
    }
}

/* ── making keys ── */

static enum err write_file(const char *dir, const char *file, mode_t mode, struct str text,
                           struct buf *why)
{
    enum err err = ERR_OK;
    struct buf path = {0};
    int fd;

    buf_printf(&path, "%s/%s%c", dir, file, 0);
    fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 && errno == EEXIST) {
        buf_printf(why,
                   "%s: is there already and is not overwritten; move it away if it is to be "
                   "replaced, and copy the new .pub file to all who have the old one",
                   path.data);
        err = ERR_CONFLICT;
    } else if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len || fsync(fd) != 0) {
        buf_printf(why, "%s: can't be written: %s", path.data, strerror(errno));
        err = ERR_IO;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (err == ERR_IO) {
        unlink(path.data);
    }
    buf_fini(&path);
    return err;
}

enum err curve_make(const char *dir, const char *name, struct buf *why)
{
    char public_key[curve_key_chars + 1];
    char secret_key[curve_key_chars + 1];
    struct buf file = {0};
    struct buf text = {0};
    enum err err;

    if (name[0] == '\0' || name[0] == '.' || strlen(name) > curve_name_max ||
        strchr(name, '/') != NULL) {
        buf_printf(why, "%.200s: no name for a .pub file; use the host others reach this one at",
                   name);
        return ERR_INVALID;
    }
    if (zmq_curve_keypair(public_key, secret_key) != 0) {
        buf_add_str(why, STR("this libzmq was built without CURVE: install one that has it"));
        return ERR_UNSUPPORTED;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        buf_printf(why, "%s: can't be made: %s; make the directory it is to be in", dir,
                   strerror(errno));
        return ERR_IO;
    }
    buf_printf(&text, "%s\n%s\n", public_key, secret_key);
    err = write_file(dir, "node.key", 0600, buf_str(&text), why);
    explicit_bzero(text.data, text.cap);
    if (err == ERR_OK) {
        text.len = 0;
        buf_printf(&text, "%s\n", public_key);
        buf_printf(&file, "%s%s%c", name, suffix, 0);
        err = write_file(dir, file.data, 0644, buf_str(&text), why);
        if (err != ERR_OK) { /* a key nobody can be told of is of no use */
            file.len = 0;
            buf_printf(&file, "%s/node.key%c", dir, 0);
            unlink(file.data);
        }
    }
    explicit_bzero(secret_key, sizeof(secret_key));
    buf_fini(&file);
    buf_fini(&text);
    return err;
}
