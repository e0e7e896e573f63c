/**
 * Fits a figure to the width of its place and to the colours of its page, before Plotly draws it: runs before chart-runtime.js, in the
 * same script. On a narrow screen names are wrapped, rows grow with them, a legend beside the plot goes above it, and names at points
 * are left to the legend. `pageblockFit` changes nothing that it is given; `pageblockRoom` says what a drawn chart still needs.
 */
(() => {
  const NARROW = 560;
  /** Width of a letter as a part of the size of its font, for lines that must not be too long. */
  const LETTER = 0.54;
  const TITLE = 17;
  const SUBTITLE = 13;
  /** Letters of a row's name on a narrow screen. */
  const NAME_LETTERS = 15;
  const LINE = 14;
  /** Names of a legend that stand below each other, and the letters of a line where there are more. */
  const LEGEND_LINES = 5;
  const LEGEND_LETTERS = 17;
  /** Pixels of such a line. */
  const LEGEND_NAME = 88;
  /** The most ticks of the x axis on a narrow screen. */
  const TICKS = 5;

  /** Words in lines of at most `letters`, in Plotly's markup. */
  function wrapped(text, letters) {
    const lines = [];
    for (const word of String(text)
      .replace(/<br\s*\/?>/g, " ")
      .replace(/ = (?=\d)/g, "\u00a0=\u00a0")
      .split(" ")) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= letters)
        lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines.join("<br>");
  }

  const linesOf = (text) => String(text).split(/<br\s*\/?>/).length;

  function titled(title, width) {
    if (title === undefined || typeof title === "string") return title;
    const letters = (size) => Math.max(12, Math.floor((width - 8) / (size * LETTER)));
    return {
      ...title,
      text: wrapped(title.text ?? "", letters(TITLE)),
      font: { ...title.font, size: TITLE },
      ...(title.subtitle && {
        subtitle: {
          ...title.subtitle,
          text: wrapped(title.subtitle.text ?? "", letters(SUBTITLE)),
          font: { ...title.subtitle.font, size: SUBTITLE },
        },
      }),
    };
  }

  /** Names of the rows: those of the axis, or the categories of the traces. */
  function rowsOf(data, axis) {
    if (axis?.ticktext) return { values: axis.tickvals, texts: axis.ticktext };
    const names = axis?.categoryarray ?? data.flatMap((trace) => (Array.isArray(trace.y) ? trace.y : []));
    const texts = [...new Set(names)].filter((name) => typeof name === "string");
    return axis?.type === "category" ? { values: texts, texts } : undefined;
  }

  /** What the rows of names are, unless the note says it. */
  function downOf({ title, yaxis }, rows) {
    const said = /\bdown: /.test(title?.subtitle?.text ?? "");
    return rows && !said ? yaxis?.title?.text : undefined;
  }

  /** Above the plot; of many names in two columns. */
  function legendOf(data, { legend, showlegend }) {
    const named = data.filter((trace) => trace.name && trace.showlegend !== false).length;
    const above = legend?.orientation === "v" && { orientation: "h", x: 0, y: 1, yanchor: "bottom" };
    if (showlegend === false || named <= LEGEND_LINES) return { ...legend, ...above };
    return { ...legend, ...above, entrywidth: LEGEND_NAME, itemwidth: 30, font: { size: 9.5 } };
  }

  /** A count stays in one line. */
  const shortNamed = (trace) =>
    trace.name
      ? { ...trace, name: wrapped(trace.name.replace(/ of (?=\d)/g, "\u00a0of\u00a0"), LEGEND_LETTERS) }
      : trace;

  function narrowed(data, layout) {
    const rows = rowsOf(data, layout.yaxis);
    const texts = rows?.texts.map((text) => wrapped(text, NAME_LETTERS));
    const xaxis = { ...layout.xaxis };
    if (xaxis.ticktext && xaxis.type !== "category") {
      const every = Math.ceil(xaxis.ticktext.length / TICKS);
      const kept = (_, at) => at % every === 0;
      Object.assign(xaxis, { tickvals: xaxis.tickvals.filter(kept), ticktext: xaxis.ticktext.filter(kept) });
    } else if (xaxis.ticktext) xaxis.ticktext = xaxis.ticktext.map((text) => wrapped(text, 1));
    else if (xaxis.type !== "category") xaxis.nticks = TICKS;
    xaxis.tickangle = 0;
    const down = downOf(layout, rows);
    const across = xaxis.title?.text ? [wrapped(xaxis.title.text, 40)] : [];
    if (down || across.length > 0)
      xaxis.title = { ...xaxis.title, text: [...across, ...(down ? [`down: ${down}`] : [])].join("<br>") };
    const heat = data.some((trace) => trace.type === "heatmap" && trace.text);
    if (heat || xaxis.type === "category") xaxis.tickfont = { size: 10 };
    if (heat && xaxis.type === "category" && !xaxis.ticktext) {
      xaxis.tickvals = data.find((trace) => trace.type === "heatmap").x;
      xaxis.ticktext = xaxis.tickvals.map((text) => wrapped(text, 9));
      if (xaxis.tickvals.length > 4) xaxis.tickfont = { size: 8 };
    }
    const margin = { ...layout.margin };
    margin.l = Math.min(margin.l ?? 80, 46);
    let { height } = layout;
    if (texts && height) {
      const plot = height - (margin.t ?? 100) - (margin.b ?? 80);
      const needed = texts.length * (8 + LINE * Math.max(...texts.map(linesOf)));
      if (needed > plot) height += needed - plot;
    }
    if (height && data.some((trace) => trace.type === "icicle")) height *= 1.35;
    const beside = layout.legend?.orientation === "v";
    if (beside) margin.r = 16;
    if (down) {
      margin.b = (margin.b ?? 80) + LINE;
      if (height) height += LINE;
    }
    const legend = legendOf(data, layout);
    if (legend.entrywidth) margin.r = Math.min(margin.r ?? 80, 12);
    return {
      data: data.map(narrowTrace).map((trace) => (legend.entrywidth ? shortNamed(trace) : trace)),
      layout: {
        ...layout,
        height,
        margin,
        font: { ...layout.font, size: 11 },
        xaxis,
        yaxis: {
          ...layout.yaxis,
          // What the rows are stands below the other axis.
          ...(rows ? { tickvals: rows.values, ticktext: texts, title: undefined } : {}),
        },
        legend,
      },
    };
  }

  function narrowTrace(trace) {
    // Each point has an entry of its own in the legend.
    if (trace.mode === "markers+text" && Array.isArray(trace.textposition))
      return { ...trace, mode: "markers" };
    if (trace.type === "heatmap") {
      const bar = { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", len: 1, thickness: 10 };
      return {
        ...trace,
        ...(trace.text && {
          text: trace.text.map((row) => row.map((text) => wrapped(text, 8))),
          textfont: { size: trace.text[0]?.length > 4 ? 8 : 10 },
        }),
        ...(trace.showscale !== false &&
          trace.colorbar && {
            colorbar: { ...trace.colorbar, ...bar, title: { ...trace.colorbar.title, side: "top" } },
          }),
      };
    }
    if (trace.type === "sankey") {
      const { node, link } = trace;
      // The first column has room beside it, and its nodes are thin: their names stay on one line.
      const label = node.label.map((text, at) => (link.target.includes(at) ? wrapped(text, 14) : text));
      return { ...trace, node: { ...node, label }, textfont: { size: 10 } };
    }
    if (trace.type === "icicle")
      return {
        ...trace,
        labels: trace.labels.map((text) => wrapped(text, 13)),
        textfont: { ...trace.textfont, size: 10 },
      };
    return trace;
  }

  /** `colors`: the page's `text` and `paper`, in CSS. */
  window.pageblockFit = (figure, width, colors) => {
    const { data, layout } = width < NARROW ? narrowed(figure.data, figure.layout) : figure;
    return {
      data,
      layout: {
        ...layout,
        title: titled(layout.title, width),
        font: { ...layout.font, color: colors.text },
        hoverlabel: {
          ...layout.hoverlabel,
          bgcolor: colors.paper,
          bordercolor: colors.text,
          font: { color: colors.text },
        },
      },
    };
  };

  const bottomOf = (element, top) => (element ? element.getBoundingClientRect().bottom - top : 0);

  /** The margin above the plot that title and legend of a drawn chart take, in pixels; its legend never covers the plot. */
  window.pageblockRoom = (place, layout) => {
    const { top } = place.getBoundingClientRect();
    const words = [...place.querySelectorAll(".gtitle, .gtitle-subtitle")].map((one) => bottomOf(one, top));
    const legend = layout.legend?.yanchor === "bottom" ? place.querySelector(".legend") : null;
    const rows = legend ? legend.getBoundingClientRect().height + 6 : 0;
    const bar = place.querySelector(".cbcoloraxis, .infolayer [class^=cb]");
    const scale = layout.width < NARROW && bar ? bar.getBoundingClientRect().height + 6 : 0;
    return Math.ceil(Math.max(12, ...words) + 10 + rows + scale);
  };
})();
