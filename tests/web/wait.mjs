// What the cases are made of.
export const settled_ms = 25000; // what is awaited is there by then, on a machine that does much else

/** Waits until test() is true, and returns what it was. what: for the message. */
export async function until(what, test, ms = settled_ms) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await test();
        if (value) {
            return value;
        }
        if (Date.now() > end) {
            throw new Error(`not within ${ms} ms: ${what}`);
        }
        await new Promise((wake) => setTimeout(wake, 50));
    }
}

export function check(holds, what) {
    if (!holds) {
        throw new Error(what);
    }
}

export const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
