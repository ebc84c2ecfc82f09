// Where one is: #/apps/dev/shop.cart?q=… Links can be kept, sent and gone back to.
export function link(parts, query = {}) {
    const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
    const text = search.toString();
    return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function route() {
    const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const parts = path.split("/").filter(Boolean).map((part) => {
        try {
            return decodeURIComponent(part);
        } catch {
            return part;
        }
    });
    return { parts, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** replace: the way back does not lead through every letter that was typed. */
export function go(parts, query = {}, { replace = false } = {}) {
    const to = link(parts, query);
    if (to === location.hash) {
        return;
    }
    if (replace) {
        history.replaceState(null, "", to);
        dispatchEvent(new Event("hashchange"));
    } else {
        location.hash = to;
    }
}
