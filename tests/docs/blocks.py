"""Fenced blocks of a Markdown page, and what a test makes of each.

The first word after the fence says what a block is; a block that says nothing is refused:

    sh          a script; it must end with 0
    console     `$ command`, `> ` more of it, then what it prints, if that is shown: … stands for anything,
                a number of ten digits and more (a time) for any such number
    python      a program; it must end with 0
    toml        a configuration, taken by --check-config; json: one JSON value
    text        no command: a picture, a form, a tree
    frame record   bytes, which tests/wire/protocol_doc_test.c compares

Words after it: `for 3s`: interrupted then, which is its right end; `no-run: REASON` for what can't be run here."""
import json
import re

RUN = ("sh", "console", "python", "toml", "json")
NO_COMMANDS = {"text": "text, no command", "frame": "bytes, compared by tests/wire/protocol_doc_test.c",
               "record": "bytes, compared by tests/wire/protocol_doc_test.c"}
FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*)$")


class Block:
    def __init__(self, file, line, words, text):
        self.file, self.line, self.text = file, line, text
        self.kind, _, rest = words.strip().partition(" ")
        match = re.fullmatch(r"for (\d+)s", rest)
        self.seconds = int(match.group(1)) if match else None
        self.reason = rest[len("no-run:"):].strip() if rest.startswith("no-run:") else NO_COMMANDS.get(self.kind)
        self.wrong = None
        if self.kind not in RUN and self.kind not in NO_COMMANDS:
            self.wrong = "says %r after its fence; known: %s" % (self.kind, " ".join([*RUN, *NO_COMMANDS]))
        elif self.reason == "" or (rest and not match and not rest.startswith("no-run:")):
            self.wrong = "%r after the fence: for Ns, or no-run: REASON" % rest

    def name(self):
        return re.sub(r"\W", "_", "%s_%d" % (self.file, self.line))


def blocks_of(file, page):
    found, fence, begun, words, lines = [], None, 0, "", []
    for number, line in enumerate(page.splitlines(), 1):
        match = FENCE.match(line)
        if fence is None and match:
            (indent, fence, words), begun, lines = match.groups(), number, []
        elif fence is not None and match and match.group(2).startswith(fence) and not match.group(3).strip():
            found.append(Block(file, begun, words, "".join(line + "\n" for line in lines)))
            fence = None
        elif fence is not None:
            lines.append(line[len(indent):] if line.startswith(indent) else line)
    if fence is not None:
        block = Block(file, begun, words, "")
        block.wrong = "the fence is not closed"
        found.append(block)
    return found


def commands_of(text):
    """[(command, what it prints or None)] of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], None])
        elif not found:
            raise ValueError("a console block begins with `$ `")
        elif line.startswith("> ") and found[-1][1] is None:
            found[-1][0] += "\n" + line[2:]
        else:
            found[-1][1] = (found[-1][1] or "") + line + "\n"
    return [tuple(one) for one in found]


def is_like(output, shown, begins=False):
    """Whether a command printed what the page shows (begins: at first)."""
    pattern = "".join(".*?" if part == "…" else r"\d{10,}" if part.isdigit() and len(part) >= 10 else re.escape(part)
                      for part in re.split(r"(…|\d{10,})", shown.strip()))
    output = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return bool((re.match if begins else re.fullmatch)(pattern, output, re.DOTALL))


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
