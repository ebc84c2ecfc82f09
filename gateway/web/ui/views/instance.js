// One instance in full, beside the list; with the commands that would change it.
import { action, cancel, putBack, takeOut } from "../commands.js";
import { el, keyed, setData } from "../dom.js";
import { none, whole } from "../format.js";

const times = new Set(["registered", "up_since", "changed", "renewed"]);
const first = ["env", "appid", "zone", "region", "hostname", "status", "version", "addrs"];
const apart = new Set(["metadata", "metadata_bytes", "age_ms", "idle_ms"]);

function words(name, value) {
    if (value === null || value === undefined || value === "") {
        return none;
    }
    if (times.has(name)) {
        return whole(value);
    }
    if (Array.isArray(value)) {
        return value.join("\n");
    }
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function pair() {
    const name = el("dt.soft.mono");
    const value = el("dd");
    return {
        node: el("div.pair", {}, name, value),
        update([key, text]) {
            setData(name, key);
            setData(value, text);
        },
    };
}

function pairs() {
    const node = el("dl.pairs");
    const draw = keyed(node, ([name]) => name, pair);
    return { node, update: draw };
}

export function instancePanel() {
    const title = el("h2.title.cut");
    const fields = pairs();
    const metadata = pairs();
    const out = action("action.take_out", "");
    const back = action("action.put_back", "");
    const end = action("action.cancel", "");
    const close = el("button.button.quiet", { text: "close" });
    const node = el(
        "dialog.panel",
        { label: "instance.panel" },
        el("div.panel-head", {}, title, close),
        el("div.panel-body", {}, fields.node,
           el("h3.heading", { text: "instance.metadata" }), metadata.node,
           el("h3.heading", { text: "actions" }),
           el("p.soft", { text: "action.off" }),
           out.node, back.node, end.node),
    );
    close.addEventListener("click", () => node.close());
    node.addEventListener("click", (event) => {
        if (event.target === node) {
            node.close(); // beside it
        }
    });
    return {
        node,
        open(instance) {
            setData(title, instance.hostname);
            const names = [...new Set([...first.filter((name) => name in instance),
                                       ...Object.keys(instance)])];
            fields.update(names.filter((name) => !apart.has(name))
                .map((name) => [name, words(name, instance[name])]));
            metadata.update(Object.entries(instance.metadata ?? {}).map(([k, v]) => [k, String(v)]));
            out.update(takeOut(instance));
            back.update(putBack(instance));
            end.update(cancel(instance));
            if (!node.open) {
                node.showModal();
            }
        },
        close: () => node.close(),
    };
}
