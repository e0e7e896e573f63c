/**
 * Runs in exported slides: shows one section.slide at a time and moves by keys, by touch and by the address (#3). Without
 * it all slides stand below each other. On paper every slide is shown (the style of the page sees to that).
 */
(() => {
  const slides = [...document.querySelectorAll("section.slide")];
  const place = document.querySelector(".place .at");
  const FORWARD = new Set(["ArrowRight", "ArrowDown", "PageDown", " ", "Enter", "n", "l", "j"]);
  const BACK = new Set(["ArrowLeft", "ArrowUp", "PageUp", "Backspace", "p", "h", "k"]);
  let at = 0;

  function show(index) {
    at = Math.max(0, Math.min(slides.length - 1, index));
    slides.forEach((slide, i) => {
      slide.classList.toggle("shown", i === at);
    });
    slides[at].scrollTop = 0;
    place.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, "", `#${at + 1}`);
    fit(slides[at]);
  }

  const LETTERS_LEAST = 0.6;
  const CHART_LEAST = 240;
  /** Where letters cannot be smaller either. */
  const CHART_LAST = 150;

  /** Makes what is on a slide smaller until it fits: its charts, its letters, then its charts again. What is still longer scrolls. */
  function fit(slide) {
    const on = slide.firstElementChild;
    on.style.fontSize = "";
    const over = () => slide.scrollHeight - slide.clientHeight;
    const charts = [...slide.querySelectorAll('.pageblock-chart[data-state="drawn"] .js-plotly-plot')];
    for (const chart of charts) {
      chart.wanted ??= chart.layout.height;
      if (chart.wanted)
        resize(chart, Math.max(Math.min(chart.wanted, CHART_LEAST), chart.wanted - Math.max(0, over())));
    }
    // By a property of the slide: the page knows its own pictures by their style.
    on.style.removeProperty("--picture");
    const pictures = [...slide.querySelectorAll("figure > img, .pageblock-chart > img:not([hidden])")];
    if (pictures.length > 0 && over() > 0) {
      const tallest = Math.max(...pictures.map((picture) => picture.getBoundingClientRect().height));
      on.style.setProperty("--picture", `${Math.max(CHART_LEAST, tallest - over())}px`);
    }
    for (let size = 1; over() > 0 && size > LETTERS_LEAST; size -= 0.05)
      on.style.fontSize = `${size - 0.05}em`;
    for (const chart of charts)
      if (over() > 0) resize(chart, Math.max(CHART_LAST, chart.layout.height - over()));
  }

  function resize(chart, height) {
    if (Math.abs(chart.layout.height - height) >= 1)
      window.Plotly.relayout(chart, { height, autosize: true });
  }

  /** `#3` is the third slide, any other name the slide that holds the element of that name. */
  function follow() {
    const name = decodeURIComponent(location.hash.slice(1));
    const number = Number(name);
    if (Number.isInteger(number) && number >= 1) return show(number - 1);
    const target = name === "" ? null : document.getElementById(name);
    const found = target === null ? -1 : slides.indexOf(target.closest("section.slide"));
    show(found < 0 ? 0 : found);
    target?.scrollIntoView();
  }

  /** Arrow keys up and down, and space, first scroll what does not fit. */
  function scrolls(key) {
    const { scrollTop, clientHeight, scrollHeight } = slides[at];
    if (key === "ArrowDown" || key === " " || key === "PageDown")
      return scrollTop + clientHeight < scrollHeight - 2;
    return (key === "ArrowUp" || key === "PageUp") && scrollTop > 0;
  }

  document.addEventListener("keydown", (event) => {
    if (
      event.altKey ||
      event.ctrlKey ||
      event.metaKey ||
      event.target.closest("summary, a, button, input, select, textarea")
    )
      return;
    const { key, shiftKey } = event;
    if (scrolls(key) && !shiftKey) {
      const up = key === "ArrowUp" || key === "PageUp";
      slides[at].scrollBy({ top: (up ? -0.8 : 0.8) * slides[at].clientHeight });
    } else if (key === " " && shiftKey) show(at - 1);
    else if (FORWARD.has(key)) show(at + 1);
    else if (BACK.has(key)) show(at - 1);
    else if (key === "Home") show(0);
    else if (key === "End") show(slides.length - 1);
    else return;
    event.preventDefault();
  });

  let touched;
  document.addEventListener("touchstart", (event) => {
    touched = event.touches[0];
  });
  document.addEventListener("touchend", (event) => {
    const { clientX, clientY } = event.changedTouches[0];
    const across = clientX - touched.clientX;
    if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(clientY - touched.clientY))
      show(at + (across < 0 ? 1 : -1));
  });
  document.querySelector(".place .back").addEventListener("click", () => show(at - 1));
  document.querySelector(".place .on").addEventListener("click", () => show(at + 1));
  window.addEventListener("hashchange", follow);
  window.addEventListener("resize", () => fit(slides[at]));
  // A chart is drawn after its slide is shown, and then has another height than its picture had.
  new MutationObserver(() => fit(slides[at])).observe(document.body, {
    attributeFilter: ["data-state"],
    subtree: true,
  });
  document.documentElement.classList.add("live");
  follow();
})();
