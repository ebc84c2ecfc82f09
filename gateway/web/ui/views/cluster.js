// The nodes: who is there, how it is reached, and whether it holds the same.
import { get, repeat } from "../api.js";
import { el, setData, setText, setTitle, show } from "../dom.js";
import { ago, bytes, none, whole, wholes } from "../format.js";
import { badge } from "../marks.js";
import { table } from "../table.js";

const columns = [
    { key: "cluster.node" },
    { key: "cluster.zone", class: "opt" },
    { key: "cluster.link", class: "opt" },
    { key: "cluster.status" },
    { key: "cluster.same" },
    { key: "cluster.queue", class: "num opt" },
    { key: "cluster.version", class: "opt" },
];

const nodes_max = 500;
const links = new Set(["muster", "http", "none"]);

function row() {
    const name = el("span.strong");
    const self = el("span.chip", { text: "cluster.self" });
    const address = el("span.soft.mono.line");
    const zone = el("span");
    const link = el("span");
    const status = badge();
    const since = el("span.soft.line");
    const same = badge();
    const queue = el("span");
    const version = el("span.soft");
    return {
        cells: [el("div", {}, name, self, address), zone, link,
                el("div", {}, status.node, since), same.node, queue, version],
        update(node) {
            setData(name, node.node || node.address);
            setData(address, node.address);
            show(self, node.self);
            setData(zone, node.zone);
            setText(link, node.self ? "link.self" : links.has(node.link) ? `link.${node.link}`
                                                                         : "link.unknown");
            const up = node.status === "up";
            status.update(up ? "ok" : "bad", up ? "cluster.up" : "cluster.lost", node.reason ?? "");
            const told = [node.since ? ago(node.since) : "", node.reason].filter(Boolean).join(" · ");
            setData(since, told);
            setTitle(since, node.since ? whole(node.since) : "");
            if (node.self) {
                same.update("none", "same.self", node.digest ?? "");
            } else if (node.same === true) {
                same.update("ok", "same.yes", node.digest ?? "");
            } else if (node.same === false) {
                const time = wholes(node.differs_for_s ?? 0);
                same.update((node.differs_for_s ?? 0) > 10 ? "bad" : "notice",
                            ["same.no", { time }], node.digest ?? "");
            } else {
                same.update("none", "same.unknown", "");
            }
            setData(queue, node.self ? none : bytes(node.queue_bytes));
            setData(version, node.version || none);
        },
    };
}

export function clusterTable() {
    const it = table({ label: "overview.cluster", columns, key: (node) => node.address, row,
                       test: "node-row" });
    const asking = repeat(2000, async (signal) => {
        const { nodes } = await get("cluster", { limit: nodes_max }, signal);
        it.update(nodes);
    });
    return { node: it.node, update() {}, stop: asking.stop };
}
