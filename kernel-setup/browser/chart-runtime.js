/**
 * Runs in a reader's browser, in JupyterLab and in exported pages: unpacks Plotly once and draws every chart found.
 *
 * A document holds once: script.pageblock-plotly, Plotly as gzip in base64; and for each chart: div.pageblock-chart
 * with an img (the static picture) and a script of type application/json ({data, layout}).
 *
 * The picture inside a chart is replaced when its drawing has succeeded; until then, and where anything fails, the
 * picture stays. Nothing is fetched.
 */
(() => {
  if (window.pageblockCharts) return window.pageblockCharts.scan();

  // A chart is fitted to its width here, and drawn anew when that changes.
  // Without Plotly's own buttons: one of them uploads the chart, and all of them stand in the way of the keyboard.
  const CONFIG = { responsive: false, displaylogo: false, displayModeBar: false };
  /** Drawn boxes, their figures, and the width they were drawn in. */
  const drawn = new Map();
  const widths = new WeakMap();
  let plotly;

  async function unpack() {
    const packed = document.querySelector("script.pageblock-plotly").textContent.trim();
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    script.remove();
    return window.Plotly;
  }

  /** The page's own colours, so that a chart follows its theme: its text, and the ground that is seen behind the chart. */
  function colorsOf(box) {
    let paper = "#fff";
    for (let at = box; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!/^(?:transparent|rgba\(.*, 0\))$/.test(backgroundColor)) {
        paper = backgroundColor;
        break;
      }
    }
    return { text: getComputedStyle(box).color, paper };
  }

  /** Draws the figure of a box in its width, and then gives title and legend the room that they take. */
  async function drawIn(place, box, figure) {
    const width = box.clientWidth;
    const { data, layout: fitted } = window.pageblockFit(figure, width, colorsOf(box));
    const layout = window.pageblockPage.untitled(box, fitted);
    // What a slider or a click on the legend has changed stays.
    const now = place.data ?? [];
    data.forEach((trace, at) => {
      if (now[at]?.visible !== undefined) data[at] = { ...trace, visible: now[at].visible };
    });
    const sliders = layout.sliders?.map((one, at) => ({
      ...one,
      active: place.layout?.sliders?.[at]?.active ?? one.active,
    }));
    const whole = { ...layout, width, ...(sliders && { sliders }) };
    await window.Plotly.react(place, data, whole, CONFIG);
    const { t = 100 } = whole.margin ?? {};
    const more = window.pageblockRoom(place, whole) - t;
    if (whole.height && Math.abs(more) > 2)
      await window.Plotly.relayout(place, { height: whole.height + more, "margin.t": t + more });
    widths.set(box, width);
  }

  async function draw(box) {
    plotly ??= unpack();
    await plotly;
    // Hidden meanwhile, as the slides are that are not the first.
    if (box.offsetWidth === 0) {
      box.dataset.state = "waiting";
      return sizes.observe(box);
    }
    const figure = JSON.parse(box.querySelector('script[type="application/json"]').textContent);
    const place = document.createElement("div");
    const picture = box.querySelector("img");
    box.append(place);
    try {
      await drawIn(place, box, figure);
      if (picture) {
        picture.hidden = true;
        window.pageblockPage.name(place, picture.alt);
      }
      window.pageblockPage.play(place);
      box.dataset.state = "drawn";
      drawn.set(box, figure);
      sizes.observe(box);
    } catch (error) {
      place.remove();
      box.dataset.state = "failed";
      console.error("pageblock: a chart could not be drawn; its picture stays", error);
    }
  }

  /** A chart is drawn once it has a width: an output that is still hidden has none. */
  function drawWhenSized(box) {
    if (box.offsetWidth === 0) return;
    sizes.unobserve(box);
    if (box.dataset.state !== "waiting") return;
    box.dataset.state = "drawing";
    draw(box);
  }
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (drawn.has(target)) fitSoon(target);
      else drawWhenSized(target);
  });

  function scan() {
    for (const box of document.querySelectorAll(".pageblock-chart:not([data-state])")) {
      if (!box.querySelector("script")) continue;
      box.dataset.state = "waiting";
      sizes.observe(box);
      // The observer keeps silent about what is scrolled out of view; asking for the width does not.
      drawWhenSized(box);
    }
  }

  const redraw = (box) => drawIn(box.querySelector(".js-plotly-plot"), box, drawn.get(box));

  const waiting = new WeakMap();
  function fitSoon(box) {
    clearTimeout(waiting.get(box));
    waiting.set(
      box,
      setTimeout(() => {
        if (box.clientWidth > 0 && widths.get(box) !== box.clientWidth) redraw(box);
      }, 120),
    );
  }

  function recolor() {
    for (const box of drawn.keys()) {
      if (!box.isConnected) drawn.delete(box);
      else redraw(box);
    }
  }

  let asked = false;
  const scanSoon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      scan();
    });
  };
  window.pageblockCharts = { scan };
  new MutationObserver(scanSoon).observe(document.documentElement, { childList: true, subtree: true });
  // JupyterLab names its theme on the body; other pages follow the system.
  new MutationObserver(() => setTimeout(recolor, 300)).observe(document.body ?? document.documentElement, {
    attributeFilter: ["data-jp-theme-name"],
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(recolor, 50));
  scan();
})();
