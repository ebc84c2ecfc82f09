#include "actors/ctl/secrets.h"

static const char removed[] = "[removed]";

enum { key_letters_min = 40, pem_bytes_max = 64 * 1024 };

static bool contains(struct str text, const char *part)
{
    return text.len > 0 && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

bool secret_setting(struct str name)
{
    static const char *const parts[] = {"token", "secret", "password"};

    while (name.len > 0 && name.data[name.len - 1] == ' ') {
        name.len--;
    }
    if (name.len >= 4 && (str_eq((struct str){name.data + name.len - 4, 4}, STR("_key")) ||
                          str_eq((struct str){name.data + name.len - 4, 4}, STR(".key")))) {
        return true;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (contains(name, parts[i])) {
            return true;
        }
    }
    return false;
}

/* Of base64, its form for URLs, and of Z85. */
static bool is_key_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("+/=-_.:^!*?&<>()[]{}@%$#", c) != NULL);
}

static size_t word_len(struct str text)
{
    size_t len = 0;

    while (len < text.len && is_key_letter(text.data[len])) {
        len++;
    }
    return len;
}

/* A word may be a path, a name or an address as well; a key has no part that is a word of people:
 * it has capitals, small letters and digits. */
static bool may_be_key(struct str word)
{
    bool small = false;
    bool capital = false;
    bool digit = false;

    if (str_starts(word, STR("mst_"))) {
        return true;
    }
    for (size_t i = 0; i < word.len; i++) {
        small = small || (word.data[i] >= 'a' && word.data[i] <= 'z');
        capital = capital || (word.data[i] >= 'A' && word.data[i] <= 'Z');
        digit = digit || (word.data[i] >= '0' && word.data[i] <= '9');
    }
    return word.len >= key_letters_min && small && capital && digit && word.data[0] != '/';
}

/* A word that says that the next one is a secret. */
static bool announces(struct str word)
{
    static const struct str words[] = {{"Bearer", 6}, {"Basic", 5}, {"Authorization:", 14}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (word.len >= words[i].len &&
            str_eq_nocase((struct str){word.data + word.len - words[i].len, words[i].len},
                          words[i])) {
            return true;
        }
    }
    return false;
}

/* How much of text is a key in PEM; 0: none begins here. */
static size_t pem_len(struct str text)
{
    static const char ends[] = "-----END ";
    const size_t begin_len = strlen("-----BEGIN ");
    const char *end;
    const char *line;

    if (!str_starts(text, STR("-----BEGIN "))) {
        return 0;
    }
    text.len = text.len < pem_bytes_max ? text.len : pem_bytes_max;
    end = memmem(text.data + begin_len, text.len - begin_len, ends, sizeof(ends) - 1);
    if (end == NULL) {
        return text.len;
    }
    line = memchr(end, '\n', (size_t)(text.data + text.len - end));
    return line != NULL ? (size_t)(line - text.data) : text.len;
}

/* user:password@ of a URL in a word. */
static void add_word(struct str word, struct buf *to)
{
    const char *scheme = word.len > 3 ? memmem(word.data, word.len, "://", 3) : NULL;
    const char *at = scheme != NULL
                         ? memchr(scheme + 3, '@', (size_t)(word.data + word.len - scheme) - 3)
                         : NULL;

    if (may_be_key(word)) {
        buf_add_str(to, str_from(removed));
    } else if (at != NULL) {
        buf_add(to, word.data, (size_t)(scheme + 3 - word.data));
        buf_add_str(to, str_from(removed));
        buf_add(to, at, (size_t)(word.data + word.len - at));
    } else {
        buf_add_str(to, word);
    }
}

void secrets_remove(struct str text, struct buf *to)
{
    bool next_is_secret = false;

    while (text.len > 0) {
        size_t len = pem_len(text);
        struct str word;

        if (len > 0) {
            buf_add_str(to, str_from(removed));
        } else if ((len = word_len(text)) == 0) {
            next_is_secret = next_is_secret && text.data[0] == ' ';
            buf_add_char(to, text.data[0]);
            len = 1;
        } else {
            word = (struct str){text.data, len};
            if (announces(word)) {
                buf_add_str(to, word);
                next_is_secret = true;
            } else if (next_is_secret) {
                buf_add_str(to, str_from(removed));
                next_is_secret = false;
            } else {
                add_word(word, to);
            }
        }
        text.data += len;
        text.len -= len;
    }
}
