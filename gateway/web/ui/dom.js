// The only way into the page. Whatever stands there comes from the table of texts (text:) or is
// data of the node (data:), and is marked as such; it is put in as text, never as HTML.
import { t } from "./i18n.js";

const words = (said) => (Array.isArray(said) ? t(...said) : t(said));

const special = {
    text: (node, said) => setText(node, said),
    data: (node, value) => setData(node, value),
    title: (node, said) => node.setAttribute("title", words(said)),
    titleData: (node, value) => setTitle(node, value),
    label: (node, said) => node.setAttribute("aria-label", words(said)),
    placeholder: (node, said) => node.setAttribute("placeholder", words(said)),
    test: (node, name) => (node.dataset.test = name),
    id: (node, identity) => (node.dataset.id = identity),
    on: (node, handlers) => {
        for (const [event, handler] of Object.entries(handlers)) {
            node.addEventListener(event, handler);
        }
    },
};

const svgTags = new Set(["svg", "path", "circle", "rect", "line", "g", "polygon"]);

/** el("td.num.soft", {data: 5, title: "actors.rss.title"}, …nodes). Children are nodes or nothing. */
export function el(spec, props = {}, ...children) {
    const [tag, ...classes] = spec.split(".");
    const node = svgTags.has(tag)
        ? document.createElementNS("http://www.w3.org/2000/svg", tag)
        : document.createElement(tag);
    if (classes.length > 0) {
        node.setAttribute("class", classes.join(" "));
    }
    for (const [name, value] of Object.entries(props)) {
        if (value === undefined || value === null || value === false) {
            continue;
        }
        if (name in special) {
            special[name](node, value);
        } else {
            node.setAttribute(name, value === true ? "" : value);
        }
    }
    for (const child of children.flat()) {
        if (child) {
            node.appendChild(child); // throws at a text: there is no other way in
        }
    }
    return node;
}

/** Writes only what has changed: a page that changes nothing costs nothing. */
function write(node, text) {
    if (node.textContent !== text) {
        node.textContent = text;
    }
}

/** said: a key of the table, or [key, variables]. */
export function setText(node, said) {
    write(node, words(said));
}

export function setData(node, value) {
    node.dataset.d = "";
    write(node, value === null || value === undefined ? "" : String(value));
}

export function setTitle(node, value) {
    const text = String(value ?? "");
    node.dataset.dTitle = "";
    if (node.getAttribute("title") !== text) {
        node.setAttribute("title", text);
    }
}

export function setAttr(node, name, value) {
    if (value === null || value === undefined || value === false) {
        node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value)) {
        node.setAttribute(name, value);
    }
}

export function show(node, shown) {
    node.hidden = !shown;
}

/** Children of parent, one for each item, kept by key: make(item) gives {node, update(item)}. */
export function keyed(parent, key, make) {
    const parts = new Map();
    return (items) => {
        const wanted = new Set();
        let at = parent.firstElementChild;
        for (const item of items) {
            const name = key(item);
            if (wanted.has(name)) {
                continue;
            }
            wanted.add(name);
            let part = parts.get(name);
            if (!part) {
                part = make(item);
                parts.set(name, part);
            }
            part.update(item);
            if (part.node === at) {
                at = at.nextElementSibling;
            } else {
                parent.insertBefore(part.node, at);
            }
        }
        for (const [name, part] of parts) {
            if (!wanted.has(name)) {
                part.node.remove();
                parts.delete(name);
            }
        }
    };
}
