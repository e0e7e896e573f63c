/** The map of a machine's memory as SVG, from the figure that the worker gives. */
const SVG = "http://www.w3.org/2000/svg";
const CELL = 10;

function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** Words of a figure's hover text, one line. */
const words = (hover) => hover.replaceAll("<br>", ", ");

/** The colour of rank `z`: the scale has two entries a rank. */
const colorOf = ({ colorscale }, z) => colorscale[2 * z][1];

/** An `<svg>` as wide as its place, with the frames of the page blocks, and a list of what is in the memory. */
export function memoryPicture({ data: [heat, ...legend], layout }) {
  const rows = heat.z.length;
  const columns = heat.z[0].length;
  const under = layout.title.subtitle.text;
  const svg = element(
    "svg",
    {
      viewBox: `0 0 ${columns * CELL} ${rows * CELL}`,
      role: "img",
      "aria-label": `Map of the memory: ${under}. What it holds is listed below.`,
    },
    ...heat.z.flatMap((row, y) =>
      row.flatMap((z, x) => (z === null ? [] : [cell(heat, { x, y, z, hover: heat.hovertext[y][x] })])),
    ),
    ...(layout.shapes ?? []).map(frame),
  );
  const list = document.createElement("ul");
  list.className = "legend";
  for (const { name, marker } of legend) {
    const item = document.createElement("li");
    const square = document.createElement("span");
    square.style.background = marker.color;
    item.append(square, name);
    list.append(item);
  }
  const caption = document.createElement("figcaption");
  caption.textContent = `${layout.title.text}: ${under}`;
  const figure = document.createElement("figure");
  figure.append(caption, svg, list);
  return figure;
}

const cell = (heat, { x, y, z, hover }) => {
  const at = { x: x * CELL + 0.5, y: y * CELL + 0.5, width: CELL - 1, height: CELL - 1 };
  const title = element("title", {}, words(hover));
  return element("rect", { ...at, fill: colorOf(heat, z) }, title);
};

/** Figures count from the middle of a cell. */
const frame = ({ x0, x1, y0, y1 }) =>
  element("rect", {
    ...{ x: (x0 + 0.5) * CELL + 1, y: (y0 + 0.5) * CELL + 1 },
    ...{ width: (x1 - x0) * CELL - 2, height: (y1 - y0) * CELL - 2 },
    class: "block",
  });
