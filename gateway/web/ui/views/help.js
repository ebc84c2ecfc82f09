// What to send when others are asked for help; and where else to look.
import { address } from "../api.js";
import { action, bundle } from "../commands.js";
import { el } from "../dom.js";

const places = [
    ["help.readyz", new URL("../readyz?verbose", document.baseURI)],
    ["help.metrics", new URL("../metrics", document.baseURI)],
    ["help.openapi", new URL("../openapi.json", document.baseURI)],
    ["help.status", address("status")],
];

export function help() {
    return {
        node: el(
            "div.help",
            {},
            el("h2.heading", { text: "help.bundle" }),
            el("p.soft", { text: "help.bundle.said" }),
            action("action.bundle", bundle()).node,
            el("h2.heading", { text: "help.places" }),
            el("ul.places", {}, places.map(([key, url]) => el("li", {},
                el("a.link.mono", { href: url.href, data: url.pathname + url.search }),
                el("span.soft", { text: key })))),
        ),
    };
}
