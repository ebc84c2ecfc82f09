// What a person has chosen, in this browser.
export function keep(name, value) {
    try {
        localStorage.setItem(`muster.${name}`, value);
    } catch {
        // storage is refused: it is forgotten with the page
    }
}

export function kept(name) {
    try {
        return localStorage.getItem(`muster.${name}`);
    } catch {
        return null;
    }
}
