/** Figures ask for nothing and lead nowhere, even in a browser that does not heed the page's policy. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import type { Figure } from "../../lib/chart/figure";
import { exportNotebook } from "../../lib/report/export";
import { needsMaps, offline, withoutLinks } from "../../lib/report/offline-figure";
import { browserSuite } from "../support/browser";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook } from "../support/notebooks";

const PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const place = { x: 0, y: 1, sizex: 1, sizey: 1, xref: "paper", yref: "paper" };

/** Every way in, to `host`: as `http://host`, `//host`, with backslashes, and without a scheme. */
function leading(host: string): Figure {
  const ways = [`http://${host}/`, `//${host}/`, `\\\\${host}/`, `/\\${host}/`, ` http://${host}/`, `x/`];
  const link = (n: number) => `<a href="http://${host}/a${n}">here</a>`;
  const styled = `<span style="background-image:url(http://${host}/s);cursor:url('//${host}/c'),auto;color:red">s</span>`;
  return {
    data: [
      { type: "scatter", mode: "markers+text", x: [1, 2], y: [1, 2], name: link(1), text: [link(2), styled] },
      { type: "image", source: `http://${host}/t.png`, x0: 0, y0: 0, xaxis: "x2", yaxis: "y2" },
      {
        ...{ type: "bar", x: [`<A HREF='//${host}/cat'>x</A>`, "b"], y: [1, 2], xaxis: "x2", yaxis: "y2" },
        ...{ customdata: [`a href="http://${host}/j">j</a>`, "b"], texttemplate: "<%{customdata}" },
      },
    ],
    layout: {
      title: { text: `${link(3)}${styled}` },
      images: [...ways.map((way) => ({ ...place, source: `${way}i.png` })), { ...place, source: PIXEL }],
      annotations: [
        { text: link(4), x: 1, y: 1, showarrow: false },
        { text: styled, x: 2, y: 2 },
      ],
      xaxis: { title: { text: link(5) }, ticktext: [link(6), styled], tickvals: [1, 2], domain: [0, 0.4] },
      xaxis2: { domain: [0.6, 1], anchor: "y2" },
      yaxis2: { anchor: "x2" },
      template: { layout: { images: [{ ...place, source: `http://${host}/template.png` }] } },
      paper_bgcolor: `url(http://${host}/bg)`,
      font: { family: `x;background:url(http://${host}/f)` },
      sliders: [
        {
          steps: [
            { label: "a", method: "relayout", args: [{ "images[0].source": `http://${host}/1.png` }] },
            { label: "b", method: "relayout", args: ["images[0].source", `//${host}/2.png`] },
            { label: link(7), method: "restyle", args: [{ source: [`http://${host}/3.png`] }, [1]] },
            { label: "d", method: "update", args: [{}, { images: [{ ...place, source: `//${host}/4` }] }] },
          ],
        },
      ],
    },
  } as unknown as Figure;
}

test("attributes that load hold pictures as data or nothing; marks keep their words", () => {
  const text = JSON.stringify(offline(leading("evil.example")));
  // What is left of the host is words: no mark, no style, no attribute that Plotly loads from.
  for (const bad of [/<a\b/i, /<[^>]*href/i, /"source":"(?!data:image)/, /source","\/\//, /url\(/])
    assert.doesNotMatch(text, bad);
  assert.ok(text.includes(PIXEL) && text.includes("here"));
  const plain = GALLERY.bars!;
  assert.deepEqual(offline(plain), JSON.parse(JSON.stringify({ data: plain.data, layout: plain.layout })));
});

test("what is no link stays as it was", () => {
  for (const same of [
    "a < b",
    "<b>bold</b><br>2<sup>10</sup><br/>x",
    "%{x}<extra></extra>",
    "<5 ms",
    '<span style="color:#c00;font-size:12px">red</span>',
    "<= 7 and &lt;a href>",
  ])
    assert.equal(withoutLinks(same), same);
  for (const [from, to] of [
    ['<a href="http://x/">y</a>', "y"],
    ["<img src=x>", "&lt;img src=x>"],
    ["<b onclick='x'>y</b>", "<b>y</b>"],
    ['<span style="color:red;background:url(//x)">y</span>', "<span>y</span>"],
    ['<span style="background:\\75rl(x)">y</span>', "<span>y</span>"],
    ["<%{text}", "&lt;%{text}"],
    ["ends in <", "ends in &lt;"],
  ] as const)
    assert.equal(withoutLinks(from), to);
});

test("maps are pictures, also where a button would make one; nested shares are none", () => {
  const of = (trace: object, layout: object = {}) =>
    needsMaps({ data: [trace], layout } as unknown as Figure);
  for (const type of ["scattergeo", "choropleth", "scattermap", "densitymapbox", "choroplethmap"])
    assert.equal(of({ type }), true, type);
  for (const type of ["treemap", "heatmap", "scatter"]) assert.equal(of({ type }), false, type);
  const args = [
    { args: [{ type: ["choropleth"] }] },
    { args: ["type", "scattergeo"] },
    { args: [{ type: "scattermap" }] },
  ];
  for (const step of args) assert.equal(of({ type: "scatter" }, { sliders: [{ steps: [step] }] }), true);
});

const suite = browserSuite("pageblock-offline-");

test("an export asks for nothing in a browser that heeds no policy, also when its slider is moved", {
  skip: suite.skip,
}, async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.end();
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  try {
    const { port } = server.address() as { port: number };
    const host = `127.0.0.1:${port}`;
    const file = join(suite.scratch, "n.ipynb");
    writeFileSync(file, JSON.stringify(notebook(markdown("# T"), code("show(f)", chart(leading(host))))));
    const { path } = await exportNotebook(file, "html", suite.scratch);
    // A figure that nobody cleaned, as a check of the check.
    const { data, layout } = leading(host);
    const raw = JSON.stringify({ data, layout }).replaceAll("<", "\\u003c");
    const loose = readFileSync(path, "utf8").replace(
      /(<div class="pageblock-chart"[^>]*>(?:(?!<script).)*<script type="application\/json">)[^<]*/s,
      (_, open) => open + raw,
    );
    const unclean = path.replace(/\.html$/, "-raw.html");
    writeFileSync(unclean, loose);
    for (const [page, clean] of [
      [path, true],
      [unclean, false],
    ] as const) {
      asked.length = 0;
      const wanted = await requestsOf(page);
      if (clean) assert.deepEqual([asked, wanted], [[], []]);
      else assert.ok(wanted.length > 0, "the same figure uncleaned asks");
    }
  } finally {
    server.close();
  }
});

/** What a page asks for beside itself, its policy off: opened, and every step of its slider taken. */
async function requestsOf(path: string): Promise<string[]> {
  const context = await suite.browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const wanted: string[] = [];
  page.on("request", (request) => {
    if (!/^(?:data|blob):/.test(request.url()) && request.url() !== pathToFileURL(path).href)
      wanted.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector(".pageblock-chart[data-state=drawn]", { timeout: 60_000 });
  for (let step = 0; step < 4; step++) {
    const next = page.getByRole("button", { name: "Next" });
    if ((await next.count()) > 0) await next.click();
  }
  await page.waitForLoadState("networkidle");
  if (!path.endsWith("-raw.html")) assert.equal(await page.locator("main svg a").count(), 0);
  await context.close();
  return wanted;
}
