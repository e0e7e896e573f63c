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

  const CONFIG = { responsive: true, displaylogo: false };
  const drawn = new Set();
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

  /** Narrower boxes get narrower margins and smaller letters. */
  const NARROW_PIXELS = 560;
  /** Half of the words at a point at the right edge. */
  const WORDS_PIXELS = 36;

  /** The layout in the page's own text colour, so that a chart follows its theme. */
  function fitted(box, given, hasWords) {
    const color = getComputedStyle(box).color;
    const layout = { ...given, margin: { ...given.margin }, font: { ...given.font, color } };
    if (box.clientWidth < NARROW_PIXELS) {
      layout.font.size = 11;
      layout.margin.r = Math.min(layout.margin.r ?? 80, hasWords ? WORDS_PIXELS : 12);
      if (layout.yaxis?.automargin) layout.margin.l = 8;
    }
    return layout;
  }

  /** Pixels above the axes of a chart whose title stands outside and that has no legend. */
  const TOP_PIXELS = 24;

  /** A legend of more rows than there is room for gets the room, not the axes'; what is left of a title's room goes. */
  async function makeRoom(place, { height, margin, annotations, legend = {} }, untitled) {
    const above = legend.orientation === "h" && (legend.y ?? 1) >= 1;
    const rows = above ? (place.querySelector(".legend")?.getBoundingClientRect().height ?? 0) : 0;
    const more = Math.ceil(Math.max(TOP_PIXELS, rows + 12) - margin.t);
    if (!height || more === 0 || (more < 0 && (!untitled || annotations?.length > 0))) return;
    await window.Plotly.relayout(place, {
      height: height + more,
      "margin.t": margin.t + more,
      autosize: true,
    });
  }

  async function draw(box) {
    plotly ??= unpack();
    const Plotly = await plotly;
    // Hidden meanwhile, as the slides are that are not the first.
    if (box.offsetWidth === 0) {
      box.dataset.state = "waiting";
      return sizes.observe(box);
    }
    const figure = JSON.parse(box.querySelector("script").textContent);
    const place = document.createElement("div");
    const picture = box.querySelector("img");
    box.append(place);
    try {
      const words = figure.data.some((trace) => /text/.test(trace.mode));
      const layout = fitted(box, window.pageblockPage.untitled(box, figure.layout), words);
      await Plotly.newPlot(place, figure.data, layout, CONFIG);
      if (picture) {
        picture.hidden = true;
        window.pageblockPage.name(place, picture.alt);
      }
      await makeRoom(place, layout, box.dataset.untitled !== undefined);
      window.pageblockPage.play(place);
      box.dataset.state = "drawn";
      drawn.add(box);
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
    for (const { target } of entries) drawWhenSized(target);
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

  function recolor() {
    for (const box of drawn) {
      if (!box.isConnected) drawn.delete(box);
      else
        window.Plotly.relayout(box.querySelector(".js-plotly-plot"), {
          "font.color": getComputedStyle(box).color,
        });
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
