// What every view needs of the node: its status and its actors, asked once a second, and the
// samples that are made of them.
import { get, repeat } from "./api.js";
import { Samples } from "./samples.js";

export const live = {
    status: null, // the last that was told
    actors: [],
    heard_ms: 0, // when
    failure: null, // why nothing is told since
    samples: new Samples(),
};

const watchers = new Set();

/** Calls fn now and whenever there is news, until what it returns is called. */
export function watch(fn) {
    watchers.add(fn);
    if (live.status || live.failure) {
        fn(live);
    }
    return () => watchers.delete(fn);
}

function tell() {
    for (const fn of watchers) {
        fn(live);
    }
}

// Names of the samples, and which members of status.clients they are of.
const gauges = [["parked", "parked_polls"], ["connections", "connections"]];
const counters = [["requests", "requests_total"], ["refused", "refused_total"],
                  ["writes", "writes_total"]];

/** A sum that one gateway is missing from says nothing, and the next is not compared with it. */
export function sample({ clients = {}, storage, stale_ms }, at_ms) {
    const { samples } = live;
    const whole = clients.gateways_answered === clients.gateways;
    for (const [name, member] of gauges) {
        samples.add(name, whole ? clients[member] ?? NaN : NaN, at_ms);
    }
    for (const [name, member] of counters) {
        if (whole) {
            samples.addCounter(name, clients[member] ?? NaN, at_ms);
        } else {
            samples.add(name, NaN, at_ms);
        }
    }
    samples.add("stale", stale_ms ?? NaN, at_ms);
    samples.add("sync", storage?.sync_ms_mean ?? NaN, at_ms);
}

async function ask(signal) {
    const [status, actors] = await Promise.all([
        get("status", {}, signal),
        get("actors", {}, signal),
    ]);
    live.status = status;
    live.actors = actors.actors;
    live.heard_ms = Date.now();
    live.failure = null;
    sample(status, live.heard_ms);
    tell();
}

export function begin() {
    repeat(1000, ask, (error) => {
        live.failure = error;
        tell();
    });
}
