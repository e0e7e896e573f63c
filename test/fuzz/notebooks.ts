/** Notebooks with cells of every kind, and the pages made of them: a sound one becomes a page, and a changed page says so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { sha256Of } from "../../lib/base/canonical-json";
import { htmlPage } from "../../lib/report/html";
import { parseNotebook } from "../../lib/report/notebook-file";
import { pageWithRecord } from "../../lib/report/record";
import { RUNS_MIME, shownSha256 } from "../../lib/report/runs";
import { readStoredWriteUp } from "../../lib/report/stored-write-up";
import { writeUpOf } from "../../lib/report/write-up";
import { code, markdown, notebook, shown, stream } from "../support/notebooks";
import { damagedJson, type JsonEdit, jsonEdits } from "./damage";
import { kindOf, unlessRefused } from "./kind";

const WORDS = [
  ..."word **bold** `code` [link](page.md) [js](javascript:alert(1)) ![x](data:text/html,1) $x^2$ &amp; <b>".split(
    " ",
  ),
  ...[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "%E0%A4",
    "\n\n# Heading\n\n",
    "\n- item\n",
    "|a|b|\n|-|-|\n|1|2|\n",
  ],
];
const prose = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(" "));

/** What a run shows: a text, with the run and the SHA-256 of both, as `show()` stores it. */
const result = fc.tuple(fc.nat({ max: 99 }), prose).map(([seed, text]) => {
  const plan = { kind: "boot", board: "qemu-virt", memory: `${256 + seed}MiB` };
  const run = { plan, result: { seed }, sha256: sha256Of({ plan, result: { seed } }) };
  const data = { "text/plain": text, "text/markdown": text };
  return shown({ ...data, [RUNS_MIME]: { runs: [run], shown: shownSha256(data) } });
});

const cell = fc.oneof(
  prose.map(markdown),
  fc
    .tuple(prose, fc.array(fc.oneof(prose.map(stream), result), { maxLength: 2 }))
    .map(([source, outputs]) => code(source, ...outputs)),
);

const sound = fc
  .tuple(fc.array(cell, { maxLength: 5 }), result)
  .map(([cells, last]) => notebook(...cells, code("result", last)));

type NotebookInput = { sound: object; edits: JsonEdit[] };

const textOf = ({ sound: whole, edits }: NotebookInput) =>
  JSON.stringify(damagedJson(whole, edits)) ?? "null";

/** Elements and attributes that would run code. What the page's own scripts are is fixed. */
const RUNS_CODE = /<script>alert|<\w[^<>]*\son\w+\s*=|<a [^<>]*href="?\s*javascript:/i;

function pageOf(json: string): string {
  const writeUp = writeUpOf(parseNotebook(json, "n.ipynb"), "n.ipynb");
  return pageWithRecord(writeUp, htmlPage(writeUp, []));
}

export const NOTEBOOKS = kindOf<NotebookInput>({
  name: "notebooks",
  inputs: fc.record({ sound, edits: jsonEdits }),
  text: textOf,
  few: 60,
  holds: (input) => {
    const page = input.edits.length > 0 ? unlessRefused(() => pageOf(textOf(input))) : pageOf(textOf(input));
    if (page === undefined) return;
    const runs = RUNS_CODE.exec(page.replace(/<(?:pre|code)[\s\S]*?<\/(?:pre|code)>/g, ""));
    if (runs !== null) throw new Error(`the page would run ${JSON.stringify(runs[0])}`);
  },
});

/** One edit of a page: a sign replaced, taken out, put in, or everything behind it cut. */
type PageInput = { sound: object; what: "replace" | "remove" | "insert" | "cut"; at: number; sign: string };

function changed(page: string, { what, at, sign }: PageInput): string {
  const place = at % page.length;
  if (what === "cut") return page.slice(0, place);
  return (
    page.slice(0, place) + (what === "remove" ? "" : sign) + page.slice(place + (what === "insert" ? 0 : 1))
  );
}

/** What `verify` finds in a page, read from a file as it does. */
function changesIn(page: string): string[] {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-fuzz-"));
  try {
    const file = join(dir, "page.html");
    writeFileSync(file, page);
    return readStoredWriteUp(file).changes;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export const PAGES = kindOf<PageInput>({
  name: "pages",
  inputs: fc.record({
    sound,
    what: fc.constantFrom("replace", "remove", "insert", "cut"),
    at: fc.nat({ max: 1_000_000 }),
    sign: fc.constantFrom("0", "<", "x", '"', "{", "é", "\0", "\n"),
  }),
  text: (input) => changed(pageOf(JSON.stringify(input.sound)), input),
  few: 40,
  holds: (input) => {
    const page = pageOf(JSON.stringify(input.sound));
    if (changesIn(page).length > 0) throw new Error(`a page as it was written: ${changesIn(page)[0]}`);
    const other = changed(page, input);
    if (other === page) return;
    const changes = unlessRefused(() => changesIn(other));
    if (changes !== undefined && changes.length === 0)
      throw new Error("a changed page passes as it was written");
  },
});
