// Numbers, sizes and times as people of this field write them.
import { locale, t } from "./i18n.js";

const formats = new Map(); // to make one takes longer than to use it a hundred times

function made(Kind, options) {
    const key = locale() + JSON.stringify(options);
    if (!formats.has(key)) {
        formats.set(key, new Kind(locale(), options));
    }
    return formats.get(key);
}

const format = (options) => made(Intl.NumberFormat, options);
const dates = (options) => made(Intl.DateTimeFormat, options);

const known = (value) => typeof value === "number" && Number.isFinite(value);

export const none = "–";

/** 12,345; below 10 with a decimal where there is one. */
export function number(value, decimals = 0) {
    return known(value) ? format({ maximumFractionDigits: decimals }).format(value) : none;
}

/** 1.2K, 3.4M: where room is short. */
export function short(value) {
    return known(value)
        ? format({ notation: "compact", maximumFractionDigits: value < 10 ? 0 : 1 }).format(value)
        : none;
}

/** What a rate or an average is: more digits the smaller it is. */
export function fine(value) {
    return number(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

export function percent(share, decimals = 0) {
    return known(share)
        ? format({ style: "percent", maximumFractionDigits: decimals }).format(share)
        : none;
}

export function bytes(value) {
    if (!known(value)) {
        return none;
    }
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let at = 0;
    while (value >= 1024 && at < units.length - 1) {
        value /= 1024;
        at++;
    }
    return `${number(value, at === 0 || value >= 100 ? 0 : 1)} ${units[at]}`;
}

/** The two largest units: 3 d 4 h, 12 min 5 s, 1.3 s, 250 ms. */
export function duration(ms) {
    if (!known(ms)) {
        return none;
    }
    if (ms < 1000) {
        return t("unit.ms", { n: ms >= 10 ? Math.round(ms) : Math.round(ms * 100) / 100 });
    }
    const s = ms / 1000;
    if (s < 10) {
        return t("unit.s", { n: Math.round(s * 10) / 10 });
    }
    return wholes(Math.round(s));
}

/** The same of whole seconds: what counts down or up. */
export function wholes(s, units = 2) {
    if (!known(s)) {
        return none;
    }
    const parts = [
        ["unit.d", Math.floor(s / 86400)],
        ["unit.h", Math.floor(s / 3600) % 24],
        ["unit.min", Math.floor(s / 60) % 60],
        ["unit.s", Math.floor(s) % 60],
    ];
    const first = parts.findIndex(([, n]) => n > 0);
    if (first < 0) {
        return t("unit.s", { n: 0 });
    }
    return parts
        .slice(first, first + units)
        .filter(([, n], i) => i === 0 || n > 0)
        .map(([key, n]) => t(key, { n }))
        .join(" ");
}

const day = 86400000;

export const moment = (value) => (value ? new Date(value).getTime() : NaN);

/** The time of day, with the date when it is not today's. */
export function clock(value) {
    const at = new Date(value);
    if (Number.isNaN(at.getTime())) {
        return none;
    }
    const time = dates({ timeStyle: "medium", hour12: false }).format(at);
    return Date.now() - at.getTime() < day && at.getDate() === new Date().getDate()
        ? time
        : `${dates({ month: "short", day: "numeric" }).format(at)} ${time}`;
}

/** In full, with the zone: for titles. */
export function whole(value) {
    const at = new Date(value);
    return Number.isNaN(at.getTime())
        ? none
        : dates({ dateStyle: "medium", timeStyle: "long", hour12: false }).format(at);
}

/** In the largest unit: the title beside it is exact. */
export function ago(value, now = Date.now()) {
    const ms = now - moment(value);
    return known(ms) ? t("time.ago", { time: wholes(Math.max(0, ms) / 1000, 1) }) : none;
}
