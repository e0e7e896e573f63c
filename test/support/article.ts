/** A notebook with everything that a page shows: findings, code, tables, charts, a series of maps, text, errors. */
import type { Figure } from "../../lib/chart/figure";
import { memoryMap } from "../../lib/chart/memory-map";
import { RUNS_MIME, shownSha256 } from "../../lib/report/runs";
import { GALLERY } from "./figures";
import { chart, code, markdown, notebook, type Output, shown, stream } from "./notebooks";

/** Output of `show(markdown(text, { from }))`. */
export function computed(text: string): Output {
  const data = { "text/markdown": text, "text/plain": text };
  return shown({ ...data, [RUNS_MIME]: { runs: [], shown: shownSha256(data) } });
}

const LONG = `Seed 1, request 1: alloc_contig_pages of 524288 pages failed: -16\n  (EBUSY). ${"x y ".repeat(20)}`;

/** A map with a slider of three states. */
export const SERIES: Figure = {
  data: [0, 1, 2].map((at) => ({
    ...memoryMap({ pageblockBytes: 2 ** 21, extents: [{ base: 0, bytes: 2 ** 27, kind: "free" }] }).data[0]!,
    visible: at === 2,
  })),
  layout: {
    title: { text: "Three days" },
    height: 320,
    sliders: [
      {
        active: 2,
        steps: [0, 1, 2].map((at) => ({
          label: `day ${at + 1}`,
          method: "restyle",
          args: [{ visible: [0, 1, 2].map((other) => other === at) }, [0, 1, 2]],
        })),
      },
    ],
  },
};

const wide = `| ${Array.from({ length: 12 }, (_, i) => `column ${i}`).join(" | ")} |\n|${"---|".repeat(12)}\n| ${Array.from({ length: 12 }, (_, i) => `value ${i}`).join(" | ")} |`;

export const ARTICLE = notebook(
  markdown(
    "# The article\n\nA question with `code`, and a [link](https://example.org/).\n\n### Level left out\n\n> quoted",
  ),
  code("const a = 1; // a comment\nconst s = 'text';", shown({ "text/plain": "64 runs" })),
  markdown(`## Charts\n\n${wide}\n\n\`\`\`text\n${LONG}\n\`\`\``),
  code("show(bars)", chart(GALLERY.bars!)),
  code("show(lines, table, map)", chart(GALLERY.lines!), chart(GALLERY.table!), chart(GALLERY.map4K!)),
  code("show(series)", chart(SERIES)),
  markdown("# Another title\n\ntext\n\n## Charts"),
  code(
    "print()",
    stream(`${"word ".repeat(60)}\n`),
    shown({
      "text/html": `<table><caption>sizes</caption><tr><th></th><th>MiB</th></tr><tr><td>one</td><td>2</td></tr></table>`,
    }),
    { output_type: "error", ename: "Error", evalue: "no", traceback: ["Error: no", "  at cell 3"] },
    stream("a    b    c\n1    2    3\n4    5    6\n"),
  ),
  markdown("## What we found"),
  code(
    "show(markdown(found))",
    computed("- **It holds.** 3 of 4 requests are granted. More is said below.\n- Nothing else."),
  ),
);
