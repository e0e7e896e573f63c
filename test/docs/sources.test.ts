/**
 * docs/sources.md has a row for every release and commit that a page or a notebook names, so that no fact about the
 * kernel comes in without a source. Releases that are modelled as a whole are names of columns and need none.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";
import { BOOT_RULES } from "../../lib/hardware/kernel-boot-rules";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import type { KernelSwitch } from "../../lib/hardware/kernel-switch";
import { ALLOCATOR_SWITCHES } from "../../lib/hardware/kernel-switches";

const ROOT = resolve(__dirname, "../..");
const SOURCES = "docs/sources.md";

/** Pages that are generated from the code or from runs, or that have no facts about releases. */
const WITHOUT = new Set([SOURCES, "docs/plan-fields.md", "docs/findings.md", "docs/benchmarks.md"]);

const markdownIn = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
const notebooks = readdirSync(join(ROOT, "notebooks"))
  .filter((name) => name.endsWith(".ipynb"))
  .map((name) => `notebooks/${name}`);
const FILES = [
  ...["docs", "docs/strategies", "docs/workloads"].flatMap(markdownIn).filter((name) => !WITHOUT.has(name)),
  ...notebooks,
];

interface Cell {
  cell_type: string;
  source: string[];
}

/** A page as one line; of a notebook, its prose. */
function proseOf(file: string): string {
  const text = readFileSync(join(ROOT, file), "utf8");
  const lines = file.endsWith(".ipynb")
    ? (JSON.parse(text).cells as Cell[])
        .filter((cell) => cell.cell_type === "markdown")
        .flatMap((cell) => cell.source.join("").split("\n"))
    : text.split("\n");
  // A change of the kernel is printed with the beginning of its source's SHA-256, which is no commit.
  return lines
    .map((line) => proseLine(file, line))
    .join(" ")
    .replace(/(change "[^"]*" )\([0-9a-f]{12}\)/g, "$1");
}

/** Leaves out what is computed: ranges of claims, rows of figures, and the switches, whose sources are in lib/hardware. */
function proseLine(file: string, line: string): string {
  if (file === "docs/claims.md" && line.startsWith("| "))
    return line
      .split(/(?<!\\)\|/)
      .slice(0, -2)
      .join("|");
  const figures = /^\s*\|(?:[\s\d.,]+\|)+$/.test(line);
  return figures || (file === "docs/fidelity.md" && /^\| `\w+` \|/.test(line)) ? "" : line;
}

/** A release after a word that dates something, in brackets, or alone in a cell; not a number with a unit. */
const RELEASE =
  /(?:\b(?:since|until|before|up to|from|in|by|of|Linux|kernel)\s|[0-9] to (?=[\d.]+ \|)|\(|\| )(2\.6\.\d+|[3-7]\.\d{1,2})(?:-rc\d+)?(?=[\s,;:).|]|$)(?!\.\d|\s?(?:%|[KMG]i?B|hours|days|ms|s\b|µs|million|points|times)|\sto\s[\d.]+\)|\s\(\d+\.?\d*\s%)/gi;
const HASH = /\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{10,12}\b/g;

/** How the table names a file: `strategies/cma`, `strategies` for its README, `40` for a notebook, `claims`. */
function shortName(file: string): string {
  const notebook = /^notebooks\/(\d\d)-/.exec(file);
  if (notebook !== null) return notebook[1]!;
  return file.replace(/^docs\//, "").replace(/(?:\/README)?\.md$/, "");
}

const rows = readFileSync(join(ROOT, SOURCES), "utf8")
  .split("\n")
  .filter((line) => /^\| /.test(line) && !/^\| statement \|/.test(line))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));

const MODELLED: ReadonlySet<string> = new Set(KERNEL_RELEASES);
const namedIn = (text: string, release: string) =>
  new RegExp(`(?<![\\d.])${release.replaceAll(".", "\\.")}(?![\\d])`).test(text);

function releasesIn(text: string): string[] {
  const found = [...text.matchAll(RELEASE)].map((match) => match[1]!);
  return [...new Set(found)].filter((release) => !MODELLED.has(release));
}

const tableText = [
  ...Object.values(ALLOCATOR_SWITCHES as Record<string, KernelSwitch>),
  ...Object.values(BOOT_RULES as Record<string, KernelSwitch>),
]
  .flatMap((s) => [s.concerns, ...s.values.map(([, arrival]) => arrival.by)])
  .join(" ");
const sourcesText = rows.flat().join(" ");

for (const file of FILES)
  test(`${file}: every release and commit that it names has a source in ${SOURCES}`, () => {
    const text = proseOf(file);
    const here = rows.filter(([, where]) => where!.split(", ").includes(shortName(file)));
    for (const release of releasesIn(text))
      assert.ok(
        here.some(([statement]) => namedIn(statement!, release)),
        `${SOURCES} has no row on ${release} for ${shortName(file)}`,
      );
    for (const [hash] of text.matchAll(HASH))
      assert.ok(sourcesText.includes(hash) || tableText.includes(hash), `${hash} has no source`);
  });

test("rows have five parts less their edges, name files that there are, and say what the result is", () => {
  const known = new Set(FILES.map(shortName));
  for (const row of rows) {
    assert.equal(row.length, 4, row.join(" | "));
    for (const place of row[1]!.split(", ")) assert.ok(known.has(place), `${place}: ${row[0]}`);
    assert.match(row[3]!, /confirmed|^corrected: \w/);
  }
});

test("a new release or commit in a page would be noticed", () => {
  assert.deepEqual(releasesIn("It came in 5.9, was gone since 5.13 (5.14) and 3.5 % slower."), [
    "5.9",
    "5.13",
    "5.14",
  ]);
  assert.deepEqual([..."commit 0123456789ab, 1234567890".matchAll(HASH)].map(String), ["0123456789ab"]);
  assert.ok(!tableText.includes("0123456789ab") && !sourcesText.includes("0123456789ab"));
});
