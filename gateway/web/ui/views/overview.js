// "Is it us?": from the verdict down to what happened last, in the order one asks at 3 a.m.
import { el } from "../dom.js";
import { feed } from "../feed.js";
import { actorsTable } from "./actors.js";
import { clusterTable } from "./cluster.js";
import { clients, data } from "./gauges.js";
import { protection } from "./protection.js";
import { verdict } from "./verdict.js";

export function section(key, ...children) {
    return el("section.section", {}, el("h2.heading", { text: key }), ...children);
}

export function overview() {
    const parts = {
        verdict: verdict(),
        clients: clients(),
        data: data(),
        protection: protection(),
        cluster: clusterTable(),
        actors: actorsTable(),
    };
    const events = feed();
    return {
        title: "nav.overview",
        node: el(
            "div.page",
            {},
            el("h1.aloud", { text: "overview.title" }),
            parts.verdict.node,
            section("overview.clients", parts.clients.node),
            section("overview.data", parts.data.node),
            section("overview.protection", parts.protection.node),
            section("overview.cluster", parts.cluster.node),
            section("overview.actors", parts.actors.node),
            section("overview.events", events.node),
        ),
        update(live) {
            for (const part of Object.values(parts)) {
                part.update(live);
            }
        },
        stop() {
            events.stop();
            parts.clients.stop();
            parts.cluster.stop();
        },
    };
}
