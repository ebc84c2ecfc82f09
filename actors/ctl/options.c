#include "actors/ctl/options.h"

#include <assert.h>
#include <string.h>

#include "actors/ctl/suggest.h"
#include "common/config/table.h"

enum check {
    CHECK_NONE, /* takes no value */
    CHECK_TEXT,
    CHECK_URL,
    CHECK_ENDPOINT,
    CHECK_OUTPUT,
    CHECK_DURATION,
    CHECK_PERIOD,
    CHECK_METADATA,
    CHECK_STATUS,
    CHECK_NUMBER,
};

static const int64_t duration_max_ms = 86400000;
static const int64_t period_min_ms = 100; /* a heartbeat is due every 30 s */
static const int64_t period_max_ms = 3600000;
static const int64_t number_max = 1000000000;

static const struct row {
    const char *name;
    const char *value;
    enum check check;
    const char *help;
} rows[OPTION_COUNT_OF] = {
#define OPTION_ROW(NAME, text, value, check, help) {text, value, CHECK_##check, help},
    OPTION_TABLE(OPTION_ROW)
#undef OPTION_ROW
};

static const char *check_text(enum check check)
{
    static const char *const texts[] = {
        [CHECK_TEXT] = "a text that is not empty",
        [CHECK_URL] = "http://host:port",
        [CHECK_ENDPOINT] = "ipc://PATH or tcp://host:port",
        [CHECK_OUTPUT] = "table, wide, json, csv or name",
        [CHECK_DURATION] = "a duration with its unit, such as 500ms, 30s or 2m, at most 24h",
        [CHECK_PERIOD] = "a duration with its unit, such as 500ms, 30s or 2m, from 100ms to 1h",
        [CHECK_METADATA] = "KEY=VALUE with a KEY",
        [CHECK_STATUS] = "up, waiting or all",
        [CHECK_NUMBER] = "a whole number above 0, at most 1000000000",
    };

    return texts[check];
}

static bool status_from(const char *text, uint32_t *status)
{
    static const char *const names[] = {"up", "waiting", "all"};

    for (uint32_t i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0 || (text[0] == (char)('1' + i) && text[1] == '\0')) {
            *status = i + 1;
            return true;
        }
    }
    return false;
}

bool options_url_sound(const char *text)
{
    return strncmp(text, "http://", 7) == 0 && text[7] != '\0' && strchr(text, ' ') == NULL;
}

static bool form_from(const char *text, enum output_form *form)
{
    static const char *const names[] = {
        [OUTPUT_TABLE] = "table", [OUTPUT_WIDE] = "wide", [OUTPUT_JSON] = "json",
        [OUTPUT_CSV] = "csv",     [OUTPUT_NAME] = "name",
    };

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) == 0) {
            *form = (enum output_form)i;
            return true;
        }
    }
    return false;
}

static bool fits(enum check check, const char *text)
{
    enum output_form form;
    int64_t number;
    uint32_t status;

    switch (check) {
    case CHECK_NONE:
    case CHECK_TEXT:
        return text[0] != '\0';
    case CHECK_URL:
        return options_url_sound(text);
    case CHECK_ENDPOINT:
        return strncmp(text, "ipc://", 6) == 0 || strncmp(text, "tcp://", 6) == 0;
    case CHECK_OUTPUT:
        return form_from(text, &form);
    case CHECK_DURATION:
        return config_duration_parse(str_from(text), &number) == ERR_OK &&
               number <= duration_max_ms;
    case CHECK_PERIOD:
        return config_duration_parse(str_from(text), &number) == ERR_OK &&
               number >= period_min_ms && number <= period_max_ms;
    case CHECK_METADATA:
        return strchr(text, '=') != NULL && text[0] != '=';
    case CHECK_STATUS:
        return status_from(text, &status);
    case CHECK_NUMBER:
        return str_to_i64(str_from(text), &number) == ERR_OK && number > 0 && number <= number_max;
    }
    return false;
}

/* OPTION_COUNT_OF when there is none of the name. */
static enum option option_named(struct str name)
{
    size_t i = 0;

    while (i < OPTION_COUNT_OF && !str_eq(name, str_from(rows[i].name))) {
        i++;
    }
    return (enum option)i;
}

static void suggest(uint64_t mask, struct str word, struct buf *why)
{
    struct suggestion suggestion;

    suggest_begin(&suggestion, word);
    for (size_t i = 0; i < OPTION_COUNT_OF; i++) {
        if ((mask >> i & 1) != 0) {
            suggest_offer(&suggestion, str_from(rows[i].name));
        }
    }
    suggest_print(&suggestion, "--", why);
}

static enum err take(struct options *self, enum option option, const char *value, struct buf *why)
{
    const struct row *row = &rows[option];

    if (!fits(row->check, value)) {
        buf_printf(why, "--%s=%s: expected %s", row->name, value, check_text(row->check));
        return ERR_INVALID;
    }
    if (self->counts[option] == option_values_max) {
        buf_printf(why, "--%s: given more than %d times; leave some out", row->name,
                   option_values_max);
        return ERR_INVALID;
    }
    self->values[option][self->counts[option]++] = value;
    return ERR_OK;
}

static enum err read_option(struct options *self, uint64_t mask, int argc, char **argv, int *at,
                            struct buf *why)
{
    const char *word = strcmp(argv[*at], "-h") == 0   ? "help"
                       : strcmp(argv[*at], "-o") == 0 ? "output"
                                                      : argv[*at] + 2;
    struct str name = {word, strcspn(word, "=")};
    const char *value = word[name.len] == '=' ? word + name.len + 1 : NULL;
    enum option option = option_named(name);

    if (option == OPTION_COUNT_OF || (mask >> option & 1) == 0) {
        buf_printf(why, "--%.*s: %s", STR_ARG(name),
                   option == OPTION_COUNT_OF
                       ? "unknown option; --help lists those of this verb"
                       : "this verb has no such option; --help lists those it has");
        suggest(mask, name, why);
        return ERR_INVALID;
    }
    if (rows[option].check == CHECK_NONE) {
        if (value != NULL) {
            buf_printf(why, "--%s takes no value; write --%s alone", rows[option].name,
                       rows[option].name);
            return ERR_INVALID;
        }
        value = "true";
    } else if (value == NULL) {
        if (*at + 1 >= argc) {
            buf_printf(why, "--%s: a value is missing; write --%s=%s", rows[option].name,
                       rows[option].name, rows[option].value);
            return ERR_INVALID;
        }
        value = argv[++*at];
    }
    return take(self, option, value, why);
}

enum err options_parse(struct options *self, uint64_t mask, int argc, char **argv, struct buf *why)
{
    bool only_arguments = false;

    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];

        if (!only_arguments && strcmp(word, "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && (strncmp(word, "--", 2) == 0 || strcmp(word, "-o") == 0 ||
                                       strcmp(word, "-h") == 0)) {
            enum err err = read_option(self, mask, argc, argv, &i, why);

            if (err != ERR_OK) {
                return err;
            }
        } else if (!only_arguments && word[0] == '-' && word[1] != '\0') {
            buf_printf(why, "%s: unknown option; --help lists those of this verb", word);
            return ERR_INVALID;
        } else if (self->argument_count == option_arguments_max) {
            buf_printf(why, "more than %d arguments; ask in several calls", option_arguments_max);
            return ERR_INVALID;
        } else {
            self->arguments[self->argument_count++] = word;
        }
    }
    return ERR_OK;
}

bool options_has(const struct options *self, enum option option)
{
    return self->counts[option] > 0;
}

const char *options_text(const struct options *self, enum option option, const char *otherwise)
{
    size_t count = self->counts[option];

    return count > 0 ? self->values[option][count - 1] : otherwise;
}

int64_t options_duration_ms(const struct options *self, enum option option, const char *otherwise)
{
    int64_t ms = 0;
    enum err err = config_duration_parse(str_from(options_text(self, option, otherwise)), &ms);

    assert(err == ERR_OK);
    (void)err;
    return ms;
}

int64_t options_number(const struct options *self, enum option option, int64_t otherwise)
{
    const char *text = options_text(self, option, NULL);
    int64_t number = otherwise;

    if (text != NULL) {
        (void)str_to_i64(str_from(text), &number);
    }
    return number;
}

uint32_t options_status(const struct options *self, uint32_t otherwise)
{
    const char *text = options_text(self, OPTION_STATUS, NULL);
    uint32_t status = otherwise;

    if (text != NULL) {
        (void)status_from(text, &status);
    }
    return status;
}

enum output_form options_form(const struct options *self)
{
    enum output_form form = OUTPUT_TABLE;

    (void)form_from(options_text(self, OPTION_OUTPUT, "table"), &form);
    return form;
}

bool options_takes_next(const char *word)
{
    enum option option;

    if (strcmp(word, "-o") == 0) {
        return true;
    }
    option = strncmp(word, "--", 2) == 0 ? option_named(str_from(word + 2)) : OPTION_COUNT_OF;
    return option != OPTION_COUNT_OF && rows[option].check != CHECK_NONE;
}

void options_help(uint64_t mask, struct manual *page)
{
    for (size_t i = 0; i < OPTION_COUNT_OF; i++) {
        struct buf term = {0};

        if ((mask >> i & 1) == 0) {
            continue;
        }
        buf_printf(&term, "--%s%s%s%c", rows[i].name, rows[i].value != NULL ? "=" : "",
                   rows[i].value != NULL ? rows[i].value : "", 0);
        manual_item(page, term.data, 24, rows[i].help);
        buf_fini(&term);
    }
}

void options_names(uint64_t mask, struct buf *to)
{
    size_t from = to->len;

    for (size_t i = 0; i < OPTION_COUNT_OF; i++) {
        if ((mask >> i & 1) != 0) {
            buf_printf(to, "%s--%s%s", to->len > from ? " " : "", rows[i].name,
                       rows[i].value != NULL ? "=" : "");
        }
    }
}
