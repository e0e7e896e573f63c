/** The answer as a page of text for a terminal. */
import { largestOf } from "../base/extremes";
import { printable } from "../base/printable";
import type { Missing, Remedy, ReportAnswer, Topic, ZoneAnswer } from "./answer";
import type { ExplainedReport } from "./explain-readings";
import { isImpossible } from "./plausible";
import { about, listInWords, orderInWords } from "./quantities";
import type { Place, Reading, ReadingKind } from "./reading";

const WIDTH = 100;
/** Remedies shown by name; the rest is in the JSON. */
const REMEDIES_SHOWN = 6;
const ZONES_SHOWN = 12;

const TITLES: Readonly<Record<ReadingKind, string>> = {
  "page-allocation-failure": "A request for pages was refused",
  oom: "The kernel ran out of memory and killed a process",
  "cma-alloc-failure": "A contiguous area refused a request",
  "cma-reservation": "Contiguous areas at boot",
  hugetlb: "Huge pages",
  notice: "Memory that was not to be had",
  "memory-state": "Memory as it was",
  "boot-memory": "Memory at boot",
  trace: "A trace",
};

/** All reports, one after the other. An event is shown once, however often it is told, and boot logs without a map not at all. */
export function explainText(
  reports: readonly ExplainedReport[],
  passedOver: readonly Place[],
  topics: readonly Topic[] = [],
): string {
  const told = toldReports(reports);
  const several = told.length > 1;
  const shown = new Map<string, number>();
  const parts = told.map((report, i) => {
    const page = reportText(report, several ? i + 1 : null, shown);
    for (const remedy of report.answer.remedies.slice(0, REMEDIES_SHOWN))
      if (!shown.has(remedyKey(remedy))) shown.set(remedyKey(remedy), i + 1);
    return page;
  });
  if (parts.length === 0) parts.push(nothingFound(topics));
  if (passedOver.length > 0) parts.push(printable(notUnderstood(passedOver).join("\n")));
  return `${parts.join("\n\n")}\n`;
}

const remedyKey = ({ what, how, effect }: Remedy) => `${what}\n${how}\n${effect}`;

/** Reports that have a page of their own; none if the texts hold no report. */
export function toldReports(reports: readonly ExplainedReport[]): ExplainedReport[] {
  return reports
    .filter(({ answer }) => answer.sameAs === null)
    .filter((report) => reports.length === 1 || !isEmpty(report));
}

const NOTHING_FOUND = "No report of the kernel's memory was found in the text.";
const PASTE_ANYWAY = [
  "the messages of the kernel: sudo dmesg",
  "free memory now: cat /proc/buddyinfo /proc/zoneinfo; sudo cat /proc/pagetypeinfo",
];

function nothingFound(topics: readonly Topic[]): string {
  const spoken = topics.map(
    ({ what, place: { source, first, last }, answer }) =>
      `${what} (${source}, ${first === last ? `line ${first}` : `lines ${first} to ${last}`})${answer === null ? "" : `: ${answer}`}`,
  );
  const paste = topics.flatMap(({ what, paste }) => (paste === null ? [] : [`${what}: ${paste}`]));
  return printable(
    [
      NOTHING_FOUND,
      ...(spoken.length > 0
        ? ["", ...section("What it speaks of, without numbers of the kernel", spoken), ""]
        : []),
      ...section("What to paste in its place", [...paste, ...PASTE_ANYWAY]),
    ].join("\n"),
  );
}
/** Stretches of lines shown by their place; the rest is in the JSON. */
const STRETCHES_SHOWN = 8;

function notUnderstood(places: readonly Place[]): string[] {
  const shown = places.slice(0, STRETCHES_SHOWN).map(({ source, first, last }, i) => {
    const lines = first === last ? `line ${first}` : `lines ${first} to ${last}`;
    return i > 0 && places[i - 1]!.source === source ? lines : `${lines} of ${source}`;
  });
  const more = places.length - shown.length;
  return wrapped(
    `Not understood, and passed over: ${listInWords(shown)}${more > 0 ? `, and ${more} stretches more (--json)` : ""}.`,
    "",
  );
}

function isEmpty({ answer, reading }: ExplainedReport): boolean {
  const { boot } = reading;
  return answer.kind === "boot-memory" && boot.ram.length === 0 && boot.zoneRanges.length === 0;
}

/** One report as a page; `shown`: remedies that earlier pages tell, by the number of the page. */
function reportText(
  report: ExplainedReport,
  number: number | null,
  shown: ReadonlyMap<string, number>,
): string {
  const { answer, asked, reading } = report;
  const blocks: string[][] = [
    [
      `${number === null ? "" : `${number}. `}${titleOf(answer, reading)}${answer.times > 1 ? `, ${answer.times} times; the numbers are those of the first` : ""}`,
    ],
    headRows(answer, reading).flatMap(([name, value]) => wrapped(value, `  ${name.padEnd(9)} `)),
    ...zoneBlocks(answer),
    section("Why", answer.verdict),
    answer.remedies.length > 0 ? remedyLines(answer.remedies, shown) : [],
    answer.missing.length > 0 ? missingLines(answer.missing) : [],
    answer.rules.notes.length > 0
      ? section(`Rules of Linux ${asked.kernel.series}`, answer.rules.notes.map(withoutCommits))
      : [],
  ];
  const lines = blocks.filter((block) => block.length > 0).map((block) => block.join("\n"));
  return printable(lines.join("\n\n"));
}

/** The commits behind the rules are in the JSON: few readers know one by its number. */
const withoutCommits = (note: string) => note.replace(/ \([0-9a-f]{8,16}(?:, [0-9a-f]{8,16}){0,4}\)/g, "");

function titleOf({ kind, place }: ReportAnswer, { oom, order, stalledMs }: Reading): string {
  const byHand = kind === "oom" && (oom?.killed ?? null) === null && order === -1;
  const title = byHand
    ? "The OOM killer was called by hand"
    : stalledMs === null
      ? TITLES[kind]
      : "A request for pages waited long";
  return `${title} (${place.source}, lines ${place.first} to ${place.last})`;
}

function headRows(answer: ReportAnswer, reading: Reading): [string, string][] {
  const rows: [string, string][] = [];
  const { order, gfp, bytes } = answer;
  if (order !== null && bytes !== null) {
    const page = bytes / 2 ** order;
    rows.push(["asked", `${orderInWords(order, page)}${gfp.words === null ? "" : `: ${gfp.words}`}`]);
  } else if (gfp.words !== null) rows.push(["asked", gfp.words]);
  if (reading.vmallocBytes !== null) rows.push(["vmalloc", about(reading.vmallocBytes)]);
  if (gfp.text !== null) {
    const names = gfp.flags.join("|");
    rows.push(["flags", names === gfp.text || names === "" ? gfp.text : `${gfp.text}, that is ${names}`]);
  }
  if (answer.askedBy !== null) rows.push(["by", answer.askedBy.who]);
  if (answer.release !== null) rows.push(["kernel", answer.release]);
  return rows;
}

/** What the last column says; without free lists nobody can say whether a zone has a block. */
function refusesBy({ reasons, minBytes, freeBlocks, allowed }: ZoneAnswer, order: number | null): string {
  if (reasons.length > 0) return reasons.join(", ");
  if (allowed && (order ?? 0) > 0 && freeBlocks === null && minBytes !== null) return "cannot be said";
  return minBytes === null ? "not said" : "could serve it";
}

/** The table of zones, and what it means. */
function zoneBlocks({ zones, order }: ReportAnswer): string[][] {
  if (zones.length === 0) return [];
  const several = new Set(zones.map((zone) => zone.node)).size > 1;
  const size = (bytes: number | null) =>
    bytes === null ? "-" : isImpossible(bytes) ? "impossible" : about(bytes);
  const rows = [
    ["zone", "free", "min", "kept", "CMA", "largest", "refuses by"],
    ...zones
      .slice(0, ZONES_SHOWN)
      .map((zone) => [
        several ? `${zone.node} ${zone.name}` : zone.name,
        size(zone.freeBytes),
        size(zone.minBytes),
        size(zone.reserveBytes),
        size(zone.cmaBytes),
        zone.largestFreeOrder === null ? "-" : `order ${zone.largestFreeOrder}`,
        refusesBy(zone, order),
      ]),
  ];
  const widths = rows[0]!.map((_, column) => largestOf(rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 || i === row.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`.trimEnd(),
  );
  const told = zones
    .slice(0, ZONES_SHOWN)
    .flatMap((zone) =>
      zone.because.length === 0 || zone.reasons.includes("zone-not-allowed")
        ? []
        : wrapped(zone.because.join("; "), `  ${several ? `${zone.node} ${zone.name}` : zone.name}: `),
    );
  if (zones.length > ZONES_SHOWN) told.push(`  and ${zones.length - ZONES_SHOWN} zones more`);
  return [lines, told];
}

function section(title: string, sentences: readonly string[]): string[] {
  return [title, ...sentences.flatMap((sentence) => wrapped(sentence, "  - "))];
}

function remedyLines(remedies: readonly Remedy[], shown: ReadonlyMap<string, number>): string[] {
  const lines = ["What to change, best first"];
  remedies.slice(0, REMEDIES_SHOWN).forEach((remedy, i) => {
    const page = shown.get(remedyKey(remedy));
    lines.push(...wrapped(`${remedy.what}: ${remedy.how}`, `  ${i + 1}. `));
    if (page !== undefined) lines.push(`     as told under ${page}.`);
    else
      lines.push(
        ...wrapped(`${remedy.effect}. Costs: ${remedy.cost}. (${remedy.releases}; ${remedy.basis})`, "     "),
      );
  });
  const more = remedies.length - REMEDIES_SHOWN;
  if (more > 0) lines.push(`  ${more} more: --json`);
  return lines;
}

function missingLines(missing: readonly Missing[]): string[] {
  return [
    "For a surer answer",
    ...missing.flatMap(({ what, command }) => wrapped(`${what}: ${command}`, "  - ")),
  ];
}

/** Words in lines of at most WIDTH characters; later lines are indented as the first begins. */
export function wrapped(text: string, begin: string): string[] {
  const lines: string[] = [];
  let line = begin;
  let empty = true;
  for (const word of text.split(/\s+/)) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = " ".repeat(begin.length);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  lines.push(line);
  return lines;
}
