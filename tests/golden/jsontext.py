"""JSON as text: parsed into a tree whose scalars stay the bytes they were, so that escapes, key
order and the spelling of numbers can be compared. An object is ["{", [key, value], ...], an
array ["[", value, ...], a scalar its own text."""
import re

SCALAR = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null', re.S)


def parse(text):
    tree, end = value(text, 0)
    if end != len(text):
        raise ValueError("%r follows the JSON value" % text[end:end + 40])
    return tree


def value(text, at):
    if text[at:at + 1] == "{":
        return members(text, at, "}", member)
    if text[at:at + 1] == "[":
        return members(text, at, "]", value)
    match = SCALAR.match(text, at)
    if not match:
        raise ValueError("no JSON value at %d: %r" % (at, text[at:at + 40]))
    return match.group(), match.end()


def member(text, at):
    key = SCALAR.match(text, at)
    if not key or text[key.end():key.end() + 1] != ":":
        raise ValueError("no key at %d: %r" % (at, text[at:at + 40]))
    tree, end = value(text, key.end() + 1)
    return [key.group(), tree], end


def members(text, at, close, read):
    tree = [text[at]]
    at += 1
    while text[at:at + 1] != close:
        if len(tree) > 1:
            if text[at:at + 1] != ",":
                raise ValueError("no comma at %d: %r" % (at, text[at:at + 40]))
            at += 1
        item, at = read(text, at)
        tree.append(item)
    return tree, at + 1


def dump(tree):
    if isinstance(tree, str):
        return tree
    if tree[0] == "{":
        return "{" + ",".join(k + ":" + dump(v) for k, v in tree[1:]) + "}"
    return "[" + ",".join(dump(v) for v in tree[1:]) + "]"


def field(tree, name):
    for key, item in tree[1:] if tree[0] == "{" else []:
        if key == '"%s"' % name:
            return item
    return None


def sort_instances(tree):
    """Arrays of instances in the order of their hostnames; the recorded order was random."""
    if isinstance(tree, str):
        return tree
    if tree[0] == "{":
        return ["{"] + [[key, sort_instances(item)] for key, item in tree[1:]]
    items = [sort_instances(item) for item in tree[1:]]
    if all(not isinstance(i, str) and field(i, "hostname") for i in items):
        items.sort(key=lambda i: field(i, "hostname"))
    return ["["] + items


def integers(tree, path=()):
    """Every integer with the path to it; instances count by hostname, not by place."""
    if isinstance(tree, str):
        if re.fullmatch(r"-?\d+", tree):
            yield path, int(tree)
    elif tree[0] == "{":
        for key, item in tree[1:]:
            yield from integers(item, path + (key,))
    else:
        for place, item in enumerate(tree[1:]):
            name = place if isinstance(item, str) else field(item, "hostname") or place
            yield from integers(item, path + (name,))


def map_integers(tree, change):
    if isinstance(tree, str):
        return change(int(tree)) if re.fullmatch(r"-?\d+", tree) else tree
    if tree[0] == "{":
        return ["{"] + [[key, map_integers(item, change)] for key, item in tree[1:]]
    return ["["] + [map_integers(item, change) for item in tree[1:]]
