// Before the first draw, so that nothing flashes: the theme and language that were chosen here.
(() => {
    const root = document.documentElement;
    const kept = (name) => {
        try {
            return localStorage.getItem(`muster.${name}`);
        } catch {
            return null; // storage is refused: the browser's own preferences count
        }
    };
    const theme = kept("theme");
    if (theme === "light" || theme === "dark") {
        root.dataset.theme = theme;
    }
    root.lang = kept("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
})();
