// What only /metrics tells of what clients feel: how long writes take, and which codes are answered.
const every = 5; // seconds between two readings
const over_s = 60; // what is told is of so long
const fine = new Set(["0", "-304", "200", "304", "308"]);

const labelOf = (labels, name) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];

/** The text form, as {buckets: le → count, codes: code → count}, of all gateways; pure. */
export function reading(text) {
    const buckets = new Map();
    const codes = new Map();
    const add = (to, key, value) => to.set(key, (to.get(key) ?? 0) + Number(value));
    const lines = /^muster_(write_seconds_bucket|http_request_seconds_count)\{(.*)\} (\S+)$/gm;
    for (const [, name, labels, value] of text.matchAll(lines)) {
        if (name === "write_seconds_bucket") {
            add(buckets, labelOf(labels, "le").replace("+Inf", "Infinity"), value);
        } else {
            add(codes, labelOf(labels, "code"), value);
        }
    }
    return { buckets, codes };
}

const growth = (now, before, key) => Math.max(0, now.get(key) - (before?.get(key) ?? 0));

/** The bound below which 99 of 100 are; NaN: there were none. */
function p99(now, before) {
    const bounds = [...now.keys()].sort((a, b) => a - b);
    const all = bounds.length > 0 ? growth(now, before, bounds.at(-1)) : 0;
    const bound = bounds.find((one) => all > 0 && growth(now, before, one) >= 0.99 * all);
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
        const now = { ...reading(text), at_ms };
        this.readings.push(now);
        while (at_ms - this.readings[0].at_ms > over_s * 1000) {
            this.readings.shift();
        }
        const [before] = this.readings;
        const passed_s = (at_ms - before.at_ms) / 1000;
        const lately = before === now ? NaN : p99(now.buckets, before.buckets);
        this.write_p99_ms = 1000 * (Number.isNaN(lately) ? p99(now.buckets) : lately);
        this.codes = passed_s === 0 ? [] : [...now.codes.keys()]
            .filter((code) => !fine.has(code))
            .map((code) => [code, growth(now.codes, before.codes, code) / passed_s])
            .filter(([, rate]) => rate > 0)
            .sort((a, b) => b[1] - a[1]);
    }
}
