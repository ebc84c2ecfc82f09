// 15 minutes of samples, one a second, of a few numbers: they live in this page and go with it.
export const span_s = 900;

/** By second: what is asked for late, or not at all, is a gap. */
export class Series {
    constructor() {
        this.values = new Float64Array(span_s).fill(NaN);
        this.first_s = 0;
        this.last_s = 0;
        this.revision = 0; // grows with each sample
    }

    /** each_s: how far apart samples are. */
    add(value, at_ms, each_s = 1) {
        const at_s = Math.floor(at_ms / 1000);
        if (at_s <= this.last_s - span_s) {
            return;
        }
        this.first_s ||= at_s;
        const from_s = Math.max(this.last_s + 1, at_s - span_s + 1);
        for (let s = from_s; s < at_s; s++) {
            // one late sample is drawn through, a longer silence is not
            this.values[s % span_s] = at_s - this.last_s <= each_s + 1 ? value : NaN;
        }
        this.values[at_s % span_s] = value;
        this.last_s = Math.max(this.last_s, at_s);
        this.revision++;
    }

    /** How long it has been sampled, in seconds; at most span_s. */
    get length_s() {
        return Math.min(span_s, this.last_s - this.first_s + 1);
    }

    /** The oldest first; NaN: nothing is known. */
    seconds(count = span_s) {
        const out = new Float64Array(count).fill(NaN);
        for (let i = 0; i < count; i++) {
            const s = this.last_s - count + 1 + i;
            if (s > 0) {
                out[i] = this.values[s % span_s];
            }
        }
        return out;
    }

    get last() {
        return this.last_s > 0 ? this.values[this.last_s % span_s] : NaN;
    }
}

/** A counter's growth a second. It begins anew when it falls: its process did. */
export class Rate {
    constructor() {
        this.value = NaN;
        this.at_ms = 0;
    }

    next(value, at_ms) {
        const before = this.value;
        const passed_s = (at_ms - this.at_ms) / 1000;
        this.value = value;
        this.at_ms = at_ms;
        return value >= before && passed_s > 0.2 ? (value - before) / passed_s : NaN;
    }
}

export class Samples {
    constructor() {
        this.series = new Map();
        this.rates = new Map();
    }

    of(name) {
        if (!this.series.has(name)) {
            this.series.set(name, new Series());
        }
        return this.series.get(name);
    }

    add(name, value, at_ms, each_s) {
        this.of(name).add(value, at_ms, each_s);
    }

    addCounter(name, value, at_ms) {
        if (!this.rates.has(name)) {
            this.rates.set(name, new Rate());
        }
        this.of(name).add(this.rates.get(name).next(value, at_ms), at_ms);
    }
}
