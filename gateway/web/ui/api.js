// Asks the node: each kind of question has one request under way, waits longer the more often it
// fails, and rests while nobody looks at the page.
const base = new URL("../muster/v1/", document.baseURI);

const timeout_ms = 8000;
const backoff_max_ms = 15000;

export class ApiError extends Error {
    constructor(status, text) {
        super(text);
        this.status = status; // 0: nobody answered
    }
}

export const path = (...parts) => parts.map(encodeURIComponent).join("/");

export function address(what, parameters = {}) {
    const url = new URL(what, base);
    for (const [name, value] of Object.entries(parameters)) {
        if (value !== undefined && value !== null && value !== "") {
            url.searchParams.set(name, value);
        }
    }
    return url;
}

/** Throws ApiError; AbortError when signal says so. */
export async function get(what, parameters, signal) {
    const patience = AbortSignal.timeout(timeout_ms);
    let answer;
    try {
        answer = await fetch(address(what, parameters), {
            signal: signal ? AbortSignal.any([signal, patience]) : patience,
            headers: { Accept: "application/json" },
        });
    } catch (error) {
        if (signal?.aborted) {
            throw error;
        }
        throw new ApiError(0, error.message);
    }
    if (!answer.ok) {
        let why = answer.statusText;
        try {
            why = (await answer.json()).error ?? why;
        } catch {
            // not the API's own words: a proxy's page
        }
        throw new ApiError(answer.status, why);
    }
    return answer.json();
}

/** Calls work now and then every_ms after it is done, until it is stopped. work(signal) may throw. */
export function repeat(every_ms, work, failed = () => {}) {
    const stopped = new AbortController();
    let timer = 0;
    let failures = 0;
    let busy = false;

    async function turn() {
        clearTimeout(timer);
        if (busy || document.hidden || stopped.signal.aborted) {
            return;
        }
        busy = true;
        try {
            await work(stopped.signal);
            failures = 0;
        } catch (error) {
            if (stopped.signal.aborted) {
                return;
            }
            failures++;
            failed(error);
        } finally {
            busy = false;
        }
        if (!stopped.signal.aborted) {
            timer = setTimeout(turn, Math.min(every_ms * 2 ** Math.min(failures, 6),
                                              Math.max(every_ms, backoff_max_ms)));
        }
    }

    function seen() {
        if (!document.hidden) {
            failures = 0;
            turn();
        }
    }

    document.addEventListener("visibilitychange", seen);
    turn();
    return {
        now: turn,
        stop() {
            clearTimeout(timer);
            stopped.abort();
            document.removeEventListener("visibilitychange", seen);
        },
    };
}

/** Server-Sent Events of the named kinds: took(kind, data, id). heard(whether it is connected). The
 * browser itself begins anew where it was cut off, but for an answer that is none (a node that is
 * full, a proxy's page): then it is asked again from the beginning. Nothing is held open while nobody
 * looks at the page: browsers have six connections to a node, for all of its pages together. */
export function listen(what, parameters, kinds, took, heard = () => {}) {
    let source = null;
    let timer = 0;
    let failures = 0;

    function close() {
        clearTimeout(timer);
        source?.close();
        source = null;
    }

    function open() {
        close();
        const opened = new EventSource(address(what, parameters));
        source = opened;
        for (const kind of kinds) {
            source.addEventListener(kind, (event) => {
                let data;
                try {
                    data = JSON.parse(event.data);
                } catch {
                    return; // a comment, or of a version that speaks otherwise
                }
                took(kind, data, event.lastEventId);
            });
        }
        source.addEventListener("open", () => {
            failures = 0;
            heard(true);
        });
        source.addEventListener("error", () => {
            heard(false);
            if (opened === source && opened.readyState === EventSource.CLOSED) {
                timer = setTimeout(open, Math.min(1000 * 2 ** Math.min(failures++, 6),
                                                  backoff_max_ms));
            }
        });
    }

    function seen() {
        if (document.hidden) {
            close();
        } else if (source === null) {
            open();
        }
    }

    document.addEventListener("visibilitychange", seen);
    seen();
    return {
        stop() {
            document.removeEventListener("visibilitychange", seen);
            close();
        },
    };
}
