// Numbers on tiles, most with their last 15 minutes.
import { repeat } from "../api.js";
import { el, setAttr, setData, setText, setTitle, show } from "../dom.js";
import { ago, bytes, duration, fine, number, percent, whole } from "../format.js";
import { live } from "../live.js";
import { badge, bar } from "../marks.js";
import { Pulse } from "../pulse.js";
import { spark } from "../spark.js";

function tile(key, ...more) {
    const value = el("dd.tile-value");
    const note = el("dd.tile-note.soft");
    const node = el("div.tile", {}, el("dt.tile-name.soft", { text: key, title: `${key}.title` }),
                    value, note, ...more);
    return {
        node,
        /** text: formatted data. said: a key, or [key, variables]. */
        update(text, said, level) {
            setData(value, text);
            show(note, Boolean(said));
            if (said) {
                setText(note, said);
            }
            setAttr(node, "data-level", level);
        },
    };
}

/** A tile with the line of a series. */
function lined(key, name, floor) {
    const line = spark(floor);
    const it = tile(key, line.node);
    return {
        node: it.node,
        update(...what) {
            it.update(...what);
            line.update(live.samples.of(name));
        },
    };
}

const staleLevel = (ms) => (ms >= 60000 ? "bad" : ms > 0 ? "notice" : null);

export function clients() {
    const requests = lined("tile.requests", "requests", 10);
    const codes = lined("tile.refused", "refused", 5);
    const writes = lined("tile.writes", "write_p99", 5);
    const parked = lined("tile.parked", "parked", 10);
    const share = bar("tile.connections");
    const connections = tile("tile.connections", share.node);
    const stale = lined("tile.stale", "stale", 1000);
    const pulse = new Pulse();
    const asking = repeat(pulse.every_ms, async (signal) => {
        const answer = await fetch(new URL("../metrics", document.baseURI), { signal });
        if (answer.ok) {
            pulse.take(await answer.text(), Date.now());
            live.samples.add("write_p99", pulse.write_p99_ms, Date.now(), pulse.every_ms / 1000);
        }
    });
    return {
        stop: asking.stop,
        node: el("dl.tiles", {}, requests.node, codes.node, writes.node, parked.node,
                 connections.node, stale.node),
        update({ status, samples }) {
            if (!status) {
                return;
            }
            const { clients: of = {} } = status;
            const last = (name) => samples.of(name).last;
            const used = of.connections / of.connections_max;
            const level = used > 0.9 ? "bad" : used > 0.7 ? "notice" : null;
            requests.update(fine(last("requests")),
                            ["tile.requests.note", { count: number(of.gateways) }]);
            const told = pulse.codes.slice(0, 3).map(([code, rate]) => `${code}: ${fine(rate)}`);
            codes.update(fine(last("refused")), told.length > 0
                ? ["tile.refused.codes", { codes: told.join("  ") }]
                : ["tile.refused.note", { count: number(of.refused_total) }],
                         last("refused") > 0 ? "notice" : null);
            writes.update(duration(pulse.write_p99_ms),
                          ["tile.writes.note", { count: fine(last("writes")) }]);
            parked.update(number(of.parked_polls),
                          ["tile.parked.note", { count: number(of.streams) }]);
            connections.update(number(of.connections),
                               ["tile.connections.note", { max: number(of.connections_max),
                                                           share: percent(used) }], level);
            share.update(used, level ?? "accent");
            stale.update(duration(status.stale_ms),
                         status.stale_ms > 0 ? "tile.stale.behind" : "tile.stale.none",
                         staleLevel(status.stale_ms));
        },
    };
}

export function data() {
    const state = badge();
    const why = el("p.data-why");
    const sync = lined("tile.sync", "sync", 2);
    const journal = tile("tile.journal");
    const snapshot = tile("tile.snapshot");
    const damaged = tile("tile.damaged");
    const lost = tile("tile.lost");
    return {
        node: el(
            "div.card",
            {},
            el("div.card-head", {}, state.node, why),
            el("dl.tiles.bare", {}, sync.node, journal.node, snapshot.node, damaged.node, lost.node),
        ),
        update({ status }) {
            if (!status) {
                return;
            }
            const { storage } = status;
            const damage = storage.damaged_files > 0 || storage.lost_changes > 0;
            const level = !storage.ok ? "bad" : damage ? "notice" : "ok";
            state.update(level, `data.${level}`);
            show(why, Boolean(storage.reason));
            setData(why, storage.reason);
            setTitle(why, storage.since ? `${whole(storage.since)} (${ago(storage.since)})` : "");
            sync.update(duration(storage.sync_ms_mean), "tile.sync.note");
            journal.update(bytes(storage.journal_bytes), "tile.journal.note");
            snapshot.update(storage.snapshot_seq === null ? number(0) : String(storage.snapshot_seq),
                            "tile.snapshot.note");
            damaged.update(number(storage.damaged_files), "tile.damaged.note",
                           storage.damaged_files > 0 ? "bad" : null);
            lost.update(number(storage.lost_changes), "tile.lost.note",
                        storage.lost_changes > 0 ? "bad" : null);
        },
    };
}
