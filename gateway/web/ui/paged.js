// A list that the node gives page by page, each page behind the one before. What is looked at is
// there soon, and is asked for again now and then; the rest stays as it came.
export class Paged {
    /** ask(after, signal) → {rows, next, total}; total may be unknown. changed(): there is news. */
    constructor(ask, changed) {
        this.ask = ask;
        this.changed = changed;
        this.reset();
    }

    reset() {
        this.abort?.abort();
        this.abort = new AbortController();
        this.pages = [];
        this.total = undefined;
        this.loaded = 0;
        this.ended = false;
        this.failure = null;
        this.busy = false;
        this.first = 0;
        this.last = 0;
        this.asked = false;
    }

    /** Rows to make room for: those that are known to come, too. */
    get count() {
        return this.ended ? this.loaded : Math.max(this.total ?? 0, this.loaded + 1);
    }

    /** Where row i is: [page, index in it]. */
    find(i) {
        let low = 0;
        let high = this.pages.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (this.pages[middle].start <= i) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        const page = this.pages[low];
        return page && i < page.start + page.rows.length ? [low, i - page.start] : null;
    }

    /** undefined: not there yet. */
    at(i) {
        const where = this.find(i);
        return where ? this.pages[where[0]].rows[where[1]] : undefined;
    }

    /** Where the first such row stands, of those that are there; -1: none. */
    where(test) {
        for (const page of this.pages) {
            const i = page.rows.findIndex(test);
            if (i >= 0) {
                return page.start + i;
            }
        }
        return -1;
    }

    /** When row i was told. */
    heard(i) {
        const where = this.find(i);
        return where ? this.pages[where[0]].heard_ms : 0;
    }

    /** Rows first to last are looked at. */
    want(first, last) {
        this.first = first;
        this.last = last;
        return this.go();
    }

    /** What is looked at is asked for anew. */
    refresh() {
        const from = this.find(Math.min(this.first, Math.max(0, this.loaded - 1)));
        if (from) {
            for (let k = from[0]; k < this.pages.length && this.pages[k].start <= this.last; k++) {
                this.pages[k].stale = true;
            }
        }
        this.failure = null;
        return this.go();
    }

    /** The next page to ask for; -1: none. */
    due() {
        if (!this.ended && (this.pages.length === 0 || this.loaded <= this.last)) {
            return this.pages.length;
        }
        return this.pages.findIndex(
            (page) => page.stale && page.start <= this.last &&
                page.start + Math.max(1, page.rows.length) > this.first,
        );
    }

    async go() {
        if (this.busy || this.failure) {
            return;
        }
        const { signal } = this.abort;
        this.busy = true;
        try {
            for (let k = this.due(); k >= 0; k = this.due()) {
                await this.load(k, signal);
                this.changed();
            }
        } catch (error) {
            if (!signal.aborted) {
                this.failure = error; // until the next refresh
                this.changed();
            }
        } finally {
            if (!signal.aborted) {
                this.busy = false;
            }
        }
    }

    async load(k, signal) {
        const after = k === 0 ? "" : this.pages[k - 1].next;
        const answer = await this.ask(after, signal);
        if (signal.aborted) {
            return;
        }
        const before = this.pages[k];
        this.pages[k] = {
            rows: answer.rows,
            next: answer.next || null,
            stale: false,
            heard_ms: Date.now(),
            start: 0,
        };
        this.total = answer.total ?? this.total;
        if (!this.pages[k].next) {
            this.pages.length = k + 1;
        } else if (before && before.next !== this.pages[k].next && this.pages[k + 1]) {
            this.pages[k + 1].stale = true; // it begins elsewhere now
        }
        this.ended = this.pages.at(-1).next === null;
        this.loaded = 0;
        for (const page of this.pages) {
            page.start = this.loaded;
            this.loaded += page.rows.length;
        }
        this.asked = true;
    }
}
