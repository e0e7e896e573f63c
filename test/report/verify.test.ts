/** Verify: identical where nothing was changed, and no single change goes through; files from anybody get one line. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { gzipSync } from "node:zlib";
import { sha256Of } from "../../lib/base/canonical-json";
import { runOf } from "../../lib/chart/run";
import { robustHere } from "../../lib/experiment/robust";
import { machine } from "../../lib/fluent/machine";
import { RobustResult } from "../../lib/fluent/robust-result";
import { DISPLAY } from "../../lib/notebook/display";
import { markdown as prose } from "../../lib/notebook/markdown";
import { bundleOf } from "../../lib/notebook/show";
import { parseRobust } from "../../lib/plan/robust";
import { exportNotebook } from "../../lib/report/export";
import { RUN_LIMITS } from "../../lib/report/run-again";
import { RUNS_MIME, shownSha256, withResults } from "../../lib/report/runs";
import { verifyFile } from "../../lib/report/verify";
import { noChromium } from "../support/browser";
import { displayedBy } from "../support/cells";
import { code, notebook, shown } from "../support/notebooks";
import { executedNotebook, markedNotebook } from "../support/tampered";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-verify-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

let made = 0;
function stored(content: object | string, extension = "ipynb"): string {
  const file = join(scratch, `n${++made}.${extension}`);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

test("an executed notebook: every result is run again and identical, with the cells it stands in", async () => {
  const { ok, results, changes } = await verifyFile(stored(executedNotebook()));
  assert.deepEqual(changes, []);
  assert.deepEqual(
    results.map(({ verdict, kind, places }) => [verdict, kind, places]),
    [
      ["identical", "boot", ["cell 2", "cell 3"]],
      ["identical", "boot", ["cell 2"]],
    ],
  );
  assert.ok(ok);
});

test("a notebook whose long texts Jupyter has cut into lines is the same notebook", async () => {
  const cut = JSON.parse(JSON.stringify(markedNotebook()));
  for (const cell of cut.cells)
    for (const output of cell.outputs ?? [])
      for (const mime of ["text/html", "text/plain", "image/svg+xml", "text/markdown"])
        if (output.data?.[mime] !== undefined) output.data[mime] = output.data[mime].split(/(?<=\n)/);
  assert.ok((await verifyFile(stored(cut))).ok);
});

/** `text` with one occurrence of `from` replaced; fails when it is not there. */
function changed(text: string, from: string | RegExp, to: string): string {
  const now = text.replace(from, to);
  assert.notEqual(now, text, `${from} is there`);
  return now;
}

const FORMER = readFileSync(join(__dirname, "../fixtures/former-results/format-1.ipynb"), "utf8");

test("results of the time before the renaming: every number is compared, and what was left out is told", async () => {
  const { ok, results } = await verifyFile(stored(FORMER));
  assert.deepEqual(
    results.map(({ kind, verdict, leftOut }) => [kind, verdict, leftOut?.[0]]),
    [
      ["comparison", "identical", "resultsHash"],
      ["sweep", "identical", "resultsHash"],
      ["scorecard", "identical", "wording of control"],
    ],
  );
  assert.ok(results[2]!.leftOut!.includes("resultsHash"));
  assert.ok(ok);
});

/** Changes by a forger who computes every SHA-256 anew: only running the plan again tells. */
const FORGED: [kind: string, from: RegExp, to: string, where: RegExp][] = [
  ["comparison", /"p50":([0-9.]+)/, '"p50":1$1', /latencyNs\.p50/],
  ["comparison", /"asked":1,/, '"asked":2,', /asked/],
  ["sweep", /"p50":([0-9.]+)/, '"p50":1$1', /latencyNs\.p50/],
  ["scorecard", /"p50":([0-9.]+)/, '"p50":1$1', /latencyNs\.p50/],
  ["scorecard", /"since":"3\.16"/, '"since":"3.17"', /since: stored "3\.17", now "3\.16"/],
];
for (const [kind, from, to, where] of FORGED)
  test(`a former ${kind} with ${to} and a new SHA-256 differs`, async () => {
    const forged = JSON.parse(FORMER);
    for (const { outputs } of forged.cells) {
      const { data } = outputs[0];
      const [run] = data[RUNS_MIME].runs;
      if ((run.plan.kind ?? "") !== kind) continue;
      run.result = JSON.parse(changed(JSON.stringify(run.result), from, to));
      run.sha256 = sha256Of({ plan: run.plan, result: run.result });
      data[RUNS_MIME].shown = shownSha256(data);
    }
    const { ok, results, changes } = await verifyFile(stored(forged));
    assert.deepEqual(changes, []);
    const told = results.filter(({ verdict }) => verdict !== "identical");
    assert.deepEqual(
      told.map((one) => [one.kind, one.verdict]),
      [[kind, "differs"]],
    );
    assert.match(told[0]!.why!, where);
    assert.equal(ok, false);
  });

test("where a statement is true is run again: it is identical, and one verdict turned round differs", async () => {
  const spec = parseRobust({
    plan: {
      machine: { board: "qemu-virt", memory: "256MiB" },
      strategies: ["cma"],
      request: { size: "4MiB" },
      seeds: 1,
    },
    statement: "cma >= 0.5",
    over: { memory: ["256MiB", "512MiB"], pageSize: ["4KiB", "8KiB"] },
    within: "1 minute",
  });
  const drawn = new RobustResult(spec, robustHere(spec))[DISPLAY]();
  const holding = (data: Record<string, unknown>) => {
    const { cells, ...rest } = JSON.parse(FORMER);
    const [cell] = cells;
    return { ...rest, cells: [{ ...cell, outputs: [{ ...cell.outputs[0], data }] }] };
  };
  const same = await verifyFile(stored(holding(drawn)));
  assert.deepEqual(
    same.results.map(({ kind, verdict }) => [kind, verdict]),
    [["robust", "identical"]],
  );
  const data = JSON.parse(changed(JSON.stringify(drawn), '"held":true', '"held":false'));
  const [run] = data[RUNS_MIME].runs;
  run.sha256 = sha256Of({ plan: run.plan, result: run.result });
  data[RUNS_MIME].shown = shownSha256(data);
  const { ok, results } = await verifyFile(stored(holding(data)));
  assert.deepEqual([ok, results[0]!.verdict], [false, "differs"]);
  assert.match(results[0]!.why!, /results\.0\.held: stored false, now true/);
});

const CHANGES: [what: string, from: string | RegExp, to: string][] = [
  ["a number of a result", '"managed":', '"managed":1'],
  ["a number of a plan", '"memoryBytes":2147483648', '"memoryBytes":4294967296'],
  ["a number a chart is drawn from", /777(?=\])/, "778"],
  ["a number in a picture", />Reserved</, ">Deserved<"],
  ["a number of a table", /2 GiB, Linux/, "3 GiB, Linux"],
  ["a computed sentence", "**4242**", "**4243**"],
];
for (const [what, from, to] of CHANGES)
  test(`a notebook with one change, ${what}, fails`, async () => {
    const text = changed(JSON.stringify(executedNotebook()), from, to);
    const { ok, results, changes } = await verifyFile(stored(text));
    assert.equal(ok, false);
    assert.ok(changes.length > 0 || results.some((one) => one.verdict !== "identical"));
  });

test("a table of markdown() carries the plans of its numbers, each once, and one changed number fails", async () => {
  const m = machine("qemu-virt").memory("1GiB").cma("64MiB").boot();
  const text = `| reserved | ${m.cma.reservedBytes} |`;
  const data = bundleOf(prose(text, { from: [m, m] }));
  assert.equal((data[RUNS_MIME] as { runs: unknown[] }).runs.length, 1);
  const executed = JSON.stringify(notebook(code("show(table)", shown(data))));
  const good = await verifyFile(stored(executed));
  assert.deepEqual(
    [good.ok, good.results.map(({ kind, verdict }) => `${kind}: ${verdict}`)],
    [true, ["boot: identical"]],
  );
  const bad = await verifyFile(stored(changed(executed, "| reserved | 6", "| reserved | 7")));
  assert.equal(bad.ok, false);
  assert.match(bad.changes.join(), /cell 1: what it shows was changed/);
  const forged = bundleOf(
    prose(text, { from: [{ plan: m.plan, toJSON: () => ({ ...m.toJSON(), memoryBytes: 7 }) }] }),
  );
  const { ok, results } = await verifyFile(stored(notebook(code("show(table)", shown(forged)))));
  assert.deepEqual([ok, results[0]!.verdict], [false, "differs"]);
});

test("the findings of a real notebook: each has its plans, and one changed digit in any of them fails", async () => {
  const bundles = displayedBy("21-arm64-64k-cma.ipynb");
  const written = bundles.filter((bundle) => "text/markdown" in bundle);
  assert.ok(written.length >= 4);
  for (const bundle of written) {
    assert.ok((bundle[RUNS_MIME] as { runs: unknown[] }).runs.length > 0, String(bundle["text/markdown"]));
    const digit = /\d/.exec(String(bundle["text/markdown"]))![0];
    const other = changed(String(bundle["text/markdown"]), digit, String((Number(digit) + 1) % 10));
    const cells = [
      code("show()", shown(bundle)),
      code("show()", shown({ ...bundle, "text/markdown": other })),
    ];
    const [good, bad] = [
      await verifyFile(stored(notebook(cells[0]!))),
      await verifyFile(stored(notebook(cells[1]!))),
    ];
    assert.deepEqual([good.ok, bad.ok], [true, false]);
  }
});

test("a notebook run by us notices changes in printed text, prose and code too", async () => {
  for (const [from, to] of [
    ["printed 4711", "printed 4712"],
    ["# Two boards", "# Three boards"],
    ["show(figure)", "show(other)"],
  ] as const) {
    const { ok, changes } = await verifyFile(stored(changed(JSON.stringify(markedNotebook()), from, to)));
    assert.equal(ok, false, from);
    assert.match(changes.join(), /changed after `pageblock notebook run` wrote them/);
  }
});

test("a forged result with a SHA-256 computed anew is found by running its plan: the first difference is named", async () => {
  const plan = { board: "qemu-virt", memoryBytes: 2 ** 30 };
  const result = { pageSize: 4096, zones: [{ managed: 1 }] };
  const data = withResults({ "text/plain": "x" }, [runOf(plan, result)]);
  const { ok, results } = await verifyFile(stored(notebook(code("x", shown(data)))));
  assert.equal(ok, false);
  assert.equal(results[0]!.verdict, "differs");
  assert.match(results[0]!.why!, /^zones\.0\.managed: stored 1, now \d+$/);
});

test("plans that nobody can run: one line each, and the others are still checked", async () => {
  const good = { board: "qemu-virt" };
  const plans: [unknown, RegExp][] = [
    [{ board: "qemu-virt", memoryBytes: 2 ** 62 }, /memoryBytes/],
    [{ board: "qemu-virt", memoryBytes: 2 ** 50 }, /memory: qemu-virt has/],
    [{ board: "nowhere" }, /unknown name "nowhere"/],
    [{ board: "qemu-virt", cma: { kind: "area", bytes: "all" } }, /plan: cma\.bytes: size must be a number/],
    [{ board: "qemu-virt", surprise: 1 }, /plan: surprise: unknown field "surprise"/],
    [{ kind: "quantum" }, /kind must be one of .*: got "quantum"/],
    [{ anything: 1 }, /of no kind that can be run here/],
    ["rm -rf", /must be an object: got string/],
    [null, /must be an object: got null/],
    [[1], /must be an object/],
  ];
  const runs = [runOf(good, {}), ...plans.map(([plan]) => runOf(plan, 1))];
  const { results } = await verifyFile(
    stored(notebook(code("x", shown(withResults({ "text/plain": "x" }, runs))))),
  );
  assert.equal(results[0]!.verdict, "differs");
  plans.forEach(([, message], i) => {
    assert.equal(results[i + 1]!.verdict, "cannot be run");
    assert.match(results[i + 1]!.why!, message);
    assert.doesNotMatch(results[i + 1]!.why!, /\n/);
  });
});

test("a plan that takes too long is stopped, and said to be", async () => {
  const file = stored(executedNotebook());
  const { ok, results } = await verifyFile(file, { ...RUN_LIMITS, seconds: 0 });
  assert.equal(ok, false);
  assert.deepEqual(new Set(results.map((one) => one.why)), new Set(["stopped: it ran longer than 0 s"]));
});

test("pages, slides and Markdown verify, and no changed byte goes through", async () => {
  const file = stored(markedNotebook());
  for (const format of ["html", "slides", "md"] as const) {
    const { path } = await exportNotebook(file, format, join(scratch, "out"));
    const good = await verifyFile(path);
    assert.deepEqual([good.ok, good.results.length], [true, 2], format);
    const text = readFileSync(path, "utf8");
    for (const [from, to] of [
      ["4242", "4243"],
      ["4711", "4712"],
      ["2147483648", "4294967296"],
    ] as const) {
      const other = path.replace(/(\.slides)?\.(html|md)$/, `-changed.$2`);
      writeFileSync(other, changed(text, from, to));
      const bad = await verifyFile(other);
      assert.equal(bad.ok, false, `${format}: ${from}`);
    }
  }
});

test("a picture or a table of data beside the Markdown that is changed or missing is noticed", async () => {
  const out = join(scratch, "beside");
  const { path } = await exportNotebook(stored(markedNotebook()), "md", out);
  const { name } = { name: path.slice(out.length + 1, -3) };
  const picture = join(out, `${name}-files/01.svg`);
  writeFileSync(picture, changed(readFileSync(picture, "utf8"), "svg", "SVG"));
  rmSync(join(out, `${name}-files/${name}-runs.parquet`));
  const { ok, changes } = await verifyFile(path);
  assert.equal(ok, false);
  assert.deepEqual(changes.length, 2);
  assert.match(changes.join("\n"), /01\.svg was changed after it was written[\s\S]*runs\.parquet is missing/);
});

test("a PDF verifies, carries the data, and no changed byte goes through", {
  skip: noChromium(),
}, async () => {
  const { path } = await exportNotebook(stored(markedNotebook()), "pdf", join(scratch, "pdf"));
  const good = await verifyFile(path);
  assert.deepEqual([good.ok, good.results.length, good.compared[1]], [true, 2, "2 files with it"]);
  const bytes = readFileSync(path);
  for (const at of [100, bytes.length >> 1, bytes.length - 30]) {
    const other = Buffer.from(bytes);
    other[at]! ^= 1;
    writeFileSync(join(scratch, "other.pdf"), other);
    const verdict = await verifyFile(join(scratch, "other.pdf")).then(
      ({ ok }) => ok,
      (error: Error) => error.name,
    );
    assert.ok(verdict === false || verdict === "InputError", `byte ${at}: ${verdict}`);
  }
  writeFileSync(join(scratch, "more.pdf"), Buffer.concat([bytes, Buffer.from("\n%%EOF\n")]));
  await assert.rejects(verifyFile(join(scratch, "more.pdf")), /damaged|written anew/);
});

test("files that are no write-ups: InputError in one line that names the file", async () => {
  const page = readFileSync(
    (await exportNotebook(stored(markedNotebook()), "html", join(scratch, "page"))).path,
    "utf8",
  );
  const withRecord = (text: string) =>
    page.replace(
      /(class="pageblock-record">)[^<]*/,
      (_all, tag: string) => tag + gzipSync(text).toString("base64"),
    );
  const huge = stored("", "ipynb");
  truncateSync(huge, 2 ** 29);
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const bundle = (value: unknown) =>
    notebook(code("x", shown({ "application/vnd.pageblock.result+json": value })));
  const cases: [string, RegExp][] = [
    [stored("{"), /a notebook must be JSON/],
    [stored(JSON.stringify(executedNotebook()).slice(0, 5000)), /a notebook must be JSON/],
    [stored(deep), /levels deep/],
    [huge, /a file of at most 128 MiB can be read: got 512 MiB/],
    [
      stored(JSON.stringify(executedNotebook()).replace('"metadata":', '"__proto__":{"x":1},"metadata":')),
      /named __proto__/,
    ],
    [
      stored(
        JSON.stringify(executedNotebook()).replace('"board":', '"constructor":{"prototype":1},"board":'),
      ),
      /named constructor/,
    ],
    [stored(bundle({ runs: 7 })), /runs must be a list: got number/],
    [stored(bundle(null)), /runs must be a list: got undefined/],
    [stored(bundle({ runs: [] })), /nothing to verify/],
    [stored(notebook({ ...code("1"), execution_count: null })), /nothing to verify.*notebook run/],
    [stored("hello", "html"), /holds no record/],
    [stored(page.slice(0, -100_000).slice(0, page.indexOf("pageblock-record")), "html"), /holds no record/],
    [stored(withRecord("{"), "html"), /must be JSON/],
    [stored(withRecord('{"format":2}'), "html"), /the record of a write-up: format/],
    [stored(page.replace(/(class="pageblock-record">.{40})./, "$1!"), "html"), /damaged|must be JSON/],
    [stored(withRecord(" ".repeat(2 ** 28 + 1)), "html"), /unpacks to more than 64 MiB/],
    [stored("# T\n", "md"), /names no record\.json/],
    [stored("[r](../../etc/record.json).\n", "md"), /must lie beside it/],
    [stored("%PDF-1.4\n%%EOF\n", "pdf"), /holds no record/],
    [stored("x", "txt"), /must be a notebook \(\.ipynb\) or a write-up/],
    [join(scratch, "none.ipynb"), /cannot be read: no such file/],
    [scratch, /is a folder, a regular file was expected/],
  ];
  for (const [file, message] of cases)
    await assert.rejects(verifyFile(file), (error: Error) => {
      assert.equal(error.name, "InputError", error.stack);
      assert.match(error.message, message);
      assert.ok(error.message.includes(file.slice(scratch.length)) && !error.message.includes("\n"));
      return true;
    });
  assert.equal(({} as { x?: unknown }).x, undefined, "no prototype was changed");
});
