/**
 * What a drawn chart has around it: runs before chart-runtime.js, in the same script. The title of a chart may stand
 * outside of it, in a caption; its layers have the words of its picture; a chart with a slider gets buttons, and can be
 * played.
 */
(() => {
  const STEP_MS = 1000;
  /** What a step of a slider may do here; others need Plotly's own frames. */
  const METHODS = ["restyle", "relayout", "update"];
  /** Room above the axes that Plotly gives if a layout does not say. */
  const TOP_PIXELS = 100;

  /** The layout without a title that stands outside, lower by what the title took; any other layout as it is. */
  function untitled(box, layout) {
    if (box.dataset.untitled === undefined) return layout;
    const cut = Number(box.dataset.untitled);
    return {
      ...layout,
      title: undefined,
      ...(layout.height && { height: layout.height - cut }),
      margin: { ...layout.margin, t: (layout.margin?.t ?? TOP_PIXELS) - cut },
    };
  }

  /** The layers of a drawing are one picture, which says `words`. (Its buttons stand outside of them.) */
  function name(place, words) {
    place.querySelectorAll(".main-svg").forEach((layer, i) => {
      layer.setAttribute(...(i === 0 ? ["role", "img"] : ["aria-hidden", "true"]));
      if (i === 0) layer.setAttribute("aria-label", words);
    });
  }

  const canPlay = ({ steps } = {}) =>
    steps?.length > 1 && steps.every(({ method, args }) => METHODS.includes(method) && Array.isArray(args));

  /** Buttons for a chart with a slider, which keyboards and screen readers reach; no playing where motion is unwanted. */
  function play(place) {
    const slider = place.layout.sliders?.[0];
    if (!canPlay(slider)) return;
    const { steps } = slider;
    let at = slider.active ?? 0;
    let timer;
    const row = document.createElement("div");
    row.className = "pageblock-player";
    // Not a part of what the page was made with.
    row.dataset.pageblockLive = "";
    const said = document.createElement("span");
    said.setAttribute("role", "status");

    const button = (words, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = words;
      made.style.marginRight = ".4em";
      made.addEventListener("click", act);
      row.append(made);
      return made;
    };
    const stop = () => {
      clearInterval(timer);
      timer = undefined;
      player.textContent = "Play";
    };
    const go = async (to) => {
      at = (to + steps.length) % steps.length;
      said.textContent = `${at + 1} of ${steps.length}: ${steps[at].label}`;
      await window.Plotly[steps[at].method](place, ...structuredClone(steps[at].args));
      await window.Plotly.relayout(place, { "sliders[0].active": at });
    };
    const step = (by) => () => {
      stop();
      go(at + by);
    };
    button("Previous", step(-1));
    const player = button("Play", () => {
      if (timer !== undefined) return stop();
      player.textContent = "Pause";
      go(at + 1);
      // It stops at the end: nobody asked for a loop.
      timer = setInterval(() => {
        if (!place.isConnected || at === steps.length - 1) stop();
        else go(at + 1);
      }, STEP_MS);
    });
    player.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
    button("Next", step(1));
    row.append(said);
    place.after(row);
    place.on("plotly_sliderchange", ({ slider: moved, interaction }) => {
      if (!interaction) return;
      stop();
      at = moved.active;
      said.textContent = "";
    });
  }

  window.pageblockPage = { untitled, name, play };
})();
