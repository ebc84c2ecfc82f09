// What only /metrics tells of what clients feel: how long writes take, and which codes are answered.
const every = 5; // seconds between two readings
const over_s = 60; // what is told is of so long
const fine = new Set(["0", "-304", "200", "304", "308"]);

const labelOf = (labels, name) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];

const add = (to, key, value) => to.set(key, (to.get(key) ?? 0) + value);

/** The text form, as a map of gateways: {buckets: le → count, codes: code → count}; pure. */
export function reading(text) {
    const gateways = new Map();
    const lines = /^muster_(write_seconds_bucket|http_request_seconds_count)\{(.*)\} (\S+)$/gm;
    for (const [, name, labels, value] of text.matchAll(lines)) {
        const index = labelOf(labels, "index");
        if (!gateways.has(index)) {
            gateways.set(index, { buckets: new Map(), codes: new Map() });
        }
        const { buckets, codes } = gateways.get(index);
        if (name === "write_seconds_bucket") {
            add(buckets, labelOf(labels, "le").replace("+Inf", "Infinity"), Number(value));
        } else {
            add(codes, labelOf(labels, "code"), Number(value));
        }
    }
    return gateways;
}

/** What the gateways that are in both have counted between two readings; without one before: all. */
function counted(what, now, before) {
    const sum = new Map();
    for (const [index, gateway] of now) {
        const old = before ? before.get(index)?.[what] : new Map();
        for (const [key, value] of old ? gateway[what] : []) {
            add(sum, key, Math.max(0, value - (old.get(key) ?? 0)));
        }
    }
    return sum;
}

/** The bound below which 99 of 100 are; NaN: there were none. */
function p99(buckets) {
    const bounds = [...buckets.keys()].sort((a, b) => a - b);
    const all = bounds.length > 0 ? buckets.get(bounds.at(-1)) : 0;
    const bound = bounds.find((one) => all > 0 && buckets.get(one) >= 0.99 * all);
    return bound === undefined ? NaN : Number(bound);
}

export class Pulse {
    constructor() {
        this.readings = []; // the newest last
        this.write_p99_ms = NaN;
        this.codes = []; // [code, a second], of errors, the most first
    }

    get every_ms() {
        return every * 1000;
    }

    take(text, at_ms) {
        const now = reading(text);
        this.readings.push({ now, at_ms });
        while (at_ms - this.readings[0].at_ms > over_s * 1000) {
            this.readings.shift();
        }
        const [before] = this.readings;
        const passed_s = (at_ms - before.at_ms) / 1000;
        const lately = passed_s === 0 ? NaN : p99(counted("buckets", now, before.now));
        this.write_p99_ms = 1000 * (Number.isNaN(lately) ? p99(counted("buckets", now)) : lately);
        this.codes = passed_s === 0 ? [] : [...counted("codes", now, before.now)]
            .filter(([code]) => !fine.has(code))
            .map(([code, count]) => [code, count / passed_s])
            .filter(([, rate]) => rate > 0)
            .sort((a, b) => b[1] - a[1]);
    }
}
