/**
 * Runs in exported pages: opens all code at once and keeps that in the address (#code), folds the contents on narrow
 * screens, and marks the section that is read. Without it every fold opens by itself and the contents are links.
 */
(() => {
  const folds = [...document.querySelectorAll("details.how")];
  const button = document.querySelector("button.all-code");
  const contents = document.querySelector("nav.contents details");
  const links = [...document.querySelectorAll("nav.contents a")];
  const sections = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const wide = matchMedia("(min-width: 75rem)");

  function setCode(open) {
    for (const fold of folds) fold.open = open;
    button.setAttribute("aria-pressed", String(open));
    button.textContent = open ? "Fold all code" : "Show all code";
  }

  if (button && folds.length > 0) {
    button.hidden = false;
    setCode(location.hash === "#code" || folds.every((fold) => fold.open));
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-pressed") !== "true";
      setCode(open);
      history.replaceState(null, "", open ? "#code" : location.pathname + location.search);
    });
    addEventListener("hashchange", () => {
      if (location.hash === "#code") setCode(true);
    });
  }

  if (contents) {
    const fit = () => {
      contents.open = wide.matches;
    };
    fit();
    wide.addEventListener("change", fit);
  }

  /** Pixels from the top of the window; a section that was gone to begins above them. */
  const READ_PIXELS = 100;

  /** The last section that begins at the top of the window, or above. */
  function mark() {
    let current = -1;
    sections.forEach((section, i) => {
      if (section && section.getBoundingClientRect().top <= READ_PIXELS) current = i;
    });
    links.forEach((link, i) => {
      if (i === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  let asked = false;
  const markSoon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      mark();
    });
  };
  if (links.length > 0) {
    addEventListener("scroll", markSoon, { passive: true });
    addEventListener("resize", markSoon);
    mark();
  }
})();
