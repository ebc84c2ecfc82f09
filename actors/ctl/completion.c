/* completion: what shells offer; and pages, which the build makes manual pages of. */
#include "actors/ctl/completion.h"

#include <string.h>

#include "actors/ctl/help.h"
#include "actors/ctl/verbs.h"
#include "common/config/draft.h"

static void verb_names(const struct ctl_verb *verbs, struct buf *to)
{
    size_t from = to->len;

    for (const struct ctl_verb *verb = verbs; verb->name != NULL; verb++) {
        if (!ctl_verb_hidden(verb)) {
            buf_printf(to, "%s%s", to->len > from ? " " : "", verb->name);
        }
    }
}

/* Words that stand in what a verb takes: ACTOR, or lower-case ones, which are meant as they are. */
static void argument_words(const struct ctl_verb *verb, struct buf *to)
{
    const char *at = verb->arguments;
    size_t from = to->len;

    if (strstr(at, "ACTOR") != NULL) {
        buf_add_str(to, STR("registry replicator evictor gateway.0 store etcd.0"));
        return;
    }
    while (*at != '\0') {
        size_t len = strcspn(at, " ");

        if (len > 1 && strspn(at, "abcdefghijklmnopqrstuvwxyz-") == len) {
            buf_printf(to, "%s%.*s", to->len > from ? " " : "", (int)len, at);
        }
        at += len;
        at += strspn(at, " ");
    }
}

/* muster's verbs are asked of itself: the launcher is where they are. */
static const char bash_head[] =
    "# bash completion of musterctl and muster; printed by musterctl completion bash\n"
    "_musterctl() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb= options= "
    "words= i\n"
    "    [[ $word != = ]] || word=\n"
    "    [[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        --dir | --url | --timeout | -o) ((i++)) ;;\n"
    "        -* | =) ;;\n"
    "        *) [[ ${COMP_WORDS[i - 1]} == = ]] || { verb=${COMP_WORDS[i]}; break; } ;;\n"
    "        esac\n"
    "    done\n"
    "    case $before in\n"
    "    -o | --output) COMPREPLY=($(compgen -W 'table wide json csv name' -- \"$word\")); return "
    ";;\n"
    "    --status) COMPREPLY=($(compgen -W 'up waiting all' -- \"$word\")); return ;;\n"
    "    --dir | --keys) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
    "    --file) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
    "    esac\n"
    "    case $verb in\n";

static const char bash_tail[] =
    "    *) options='--dir= --help --version'\n"
    "        words=%s ;;\n"
    "    esac\n"
    "    case $word in\n"
    "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
    "        [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace ;;\n"
    "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
    "        [[ $words != FILE ]] || COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _musterctl musterctl\n"
    "\n"
    "_muster() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    case $before in\n"
    "    --dir) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
    "    --config) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
    "    esac\n"
    "    case $word in\n"
    "    -*) COMPREPLY=($(compgen -W '--dir --config --force --since= --level= --help --version%s' "
    "-- \"$word\"))\n"
    "        [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace ;;\n"
    "    *) if ((COMP_CWORD == 1)); then\n"
    "            COMPREPLY=($(compgen -W \"$(\"$1\" help 2>/dev/null | sed -n 's/^  "
    "\\([a-z][a-z]*\\) .*/\\1/p')\" -- \"$word\"))\n"
    "        else\n"
    "            COMPREPLY=($(compgen -W 'registry replicator evictor gateway store etcd' -- "
    "\"$word\"))\n"
    "        fi ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _muster muster ./muster\n";

static void quoted(struct buf *to, const struct buf *words)
{
    buf_printf(to, "'%.*s'", STR_ARG(buf_str(words)));
}

static void settings(struct buf *to)
{
    for (size_t i = 0; i < config_key_count; i++) {
        buf_printf(to, " --%s.%s=", config_keys[i].section, config_keys[i].name);
    }
}

void completion_bash(const struct ctl_verb *verbs, struct buf *to)
{
    struct buf words = {0};
    struct buf names = {0};
    struct buf keys = {0};

    buf_add_str(to, str_from(bash_head));
    for (const struct ctl_verb *verb = verbs; verb->name != NULL; verb++) {
        if (ctl_verb_hidden(verb)) {
            continue;
        }
        words.len = 0;
        options_names(verb->options, &words);
        buf_printf(to, "    %s) options=", verb->name);
        quoted(to, &words);
        words.len = 0;
        argument_words(verb, &words);
        if (strstr(verb->arguments, "FILE") != NULL) {
            buf_add_str(&words, STR("FILE"));
        }
        buf_add_str(to, STR(" words="));
        quoted(to, &words);
        buf_add_str(to, STR(" ;;\n"));
    }
    words.len = 0;
    verb_names(verbs, &words);
    quoted(&names, &words);
    buf_add_char(&names, '\0');
    settings(&keys);
    buf_add_char(&keys, '\0');
    buf_printf(to, bash_tail, names.data, keys.data);
    buf_fini(&words);
    buf_fini(&names);
    buf_fini(&keys);
}

static void zsh_text(struct buf *to, const char *text)
{
    for (; *text != '\0'; text++) {
        buf_add_str(to, *text == '\''                                  ? STR("'\\''")
                        : *text == ':' || *text == '[' || *text == ']' ? STR(" ")
                                                                       : (struct str){text, 1});
    }
}

/* zsh runs bash's, and shows what each verb is for. */
void completion_zsh(const struct ctl_verb *verbs, struct buf *to)
{
    buf_add_str(to, STR("#compdef musterctl muster\n"
                        "# printed by musterctl completion zsh\n"
                        "autoload -U +X bashcompinit && bashcompinit\n"));
    completion_bash(verbs, to);
    buf_add_str(to, STR("_musterctl_verbs() {\n    local -a verbs\n    verbs=(\n"));
    for (const struct ctl_verb *verb = verbs; verb->name != NULL; verb++) {
        if (!ctl_verb_hidden(verb)) {
            buf_printf(to, "        '%s:", verb->name);
            zsh_text(to, verb->summary);
            buf_add_str(to, STR("'\n"));
        }
    }
    buf_add_str(to,
                STR("    )\n    _describe verb verbs\n}\n"
                    "if [[ $service == musterctl && $CURRENT -eq 2 && $words[2] != -* ]]; then\n"
                    "    _musterctl_verbs\n"
                    "else\n"
                    "    _bash_complete -F _$service\n"
                    "fi\n"));
}

enum ctl_exit completion_run(struct ctl *ctl)
{
    const char *shell = ctl->options.arguments[0];
    struct buf text = {0};

    if (strcmp(shell, "bash") == 0) {
        completion_bash(ctl->verbs, &text);
    } else if (strcmp(shell, "zsh") == 0) {
        completion_zsh(ctl->verbs, &text);
    } else {
        ctl_say(ctl, "completion %s: there is one for bash, and one for zsh", shell);
        return CTL_USAGE;
    }
    ctl_put(ctl, buf_str(&text));
    buf_fini(&text);
    return CTL_OK;
}

/* ── manual pages ── */

/* What ./muster says of its verbs, as it comes: "usage: …" begins each. */
static void launcher_page(struct manual *page)
{
    char line[1024];
    struct buf lines = {0};

    manual_begin(page, "muster", 1, "build, start, watch and stop a muster node");
    while (fgets(line, sizeof(line), stdin) != NULL) {
        static const char usage[] = "usage: ";
        bool begins = strncmp(line, usage, sizeof(usage) - 1) == 0;

        if (begins && lines.len > 0) {
            buf_add_char(&lines, '\0');
            manual_lines(page, lines.data);
            lines.len = 0;
        }
        if (begins) {
            line[strcspn(line, "\n")] = '\0';
            manual_section(page, line + sizeof(usage) - 1);
        } else {
            buf_add_str(&lines, str_from(line));
        }
    }
    buf_add_char(&lines, '\0');
    manual_lines(page, lines.data);
    manual_section(page, "SEE ALSO");
    manual_text(page, "musterctl(1), muster.toml(5), muster-registry(8)");
    buf_fini(&lines);
}

enum ctl_exit pages_run(struct ctl *ctl)
{
    const char *name = ctl->options.arguments[0];
    struct buf text = {0};
    struct manual page = {MANUAL_MAN, &text};

    if (strcmp(name, "musterctl.1") == 0) {
        help_all(&page, ctl->verbs, HELP_WITH_VERBS);
    } else if (strcmp(name, "muster.1") == 0) {
        launcher_page(&page);
    } else if (strcmp(name, "muster.toml.5") == 0) {
        help_config(&page);
    } else {
        ctl_say(
            ctl,
            "pages: musterctl.1, muster.1 or muster.toml.5; a program prints its own with --man");
        return CTL_USAGE;
    }
    ctl_put(ctl, buf_str(&text));
    buf_fini(&text);
    return CTL_OK;
}
