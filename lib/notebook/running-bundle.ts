/**
 * A running machine and the outcome of one request as tables: HTML for notebooks, text for terminals, and their plan.
 */
import { type Answer, errnoText } from "../base/answer";
import { largestOf } from "../base/extremes";
import { formatSize, roughSize } from "../base/units";
import { countTexts } from "../change/counts";
import type { Run } from "../chart/figure";
import type { Step, StepsOutcome } from "../experiment/steps";
import { timeText } from "../experiment/texts";
import { changeWords } from "../machine/change-field";
import type { System } from "../machine/system";
import { escapeHtml } from "../report/escape";
import { withResults } from "../report/runs";
import type { MimeBundle } from "./display";

/** Rows of name and value under a title. */
export function tableBundle(
  title: string,
  rows: readonly (readonly [string, string])[],
  run: Run,
): MimeBundle {
  const width = Math.max(0, largestOf(rows.map(([name]) => name.length)));
  const html = rows
    .map(
      ([name, value]) =>
        `<tr><th style="text-align:left">${escapeHtml(name)}</th><td style="text-align:left;white-space:pre-wrap">${escapeHtml(value)}</td></tr>`,
    )
    .join("");
  const bundle = {
    "text/html": `<table><caption style="text-align:left">${escapeHtml(title)}</caption><tbody>${html}</tbody></table>`,
    "text/plain": [title, ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)].join("\n"),
  };
  return withResults(bundle, [run]);
}

/** The most steps shown by name; further ones are only counted. */
const STEPS_SHOWN = 8;

export function steppedBundle(
  system: System,
  steps: readonly Step[],
  outcome: StepsOutcome,
  run: Run,
): MimeBundle {
  const { booted, pageSize } = system;
  const changed = booted.change === undefined ? "" : ` with ${changeWords(booted.change)}`;
  const off = Object.entries(system.options).filter(([, value]) => value === false);
  const last = steps.slice(-STEPS_SHOWN).map((s) => s.do);
  const more = steps.length - last.length;
  const counted = (pages: number) => (pages === 0 ? "none" : roughSize(pages * pageSize));
  const rows: [string, string][] = [
    ["free", `${roughSize(outcome.freeBytes)} of ${roughSize(system.managedPages * pageSize)} managed`],
    ["switched off", off.map(([name]) => name).join(", ") || "nothing"],
    ["steps", `${more > 0 ? `${more} before, ` : ""}${last.join(", ") || "none yet"}`],
    ["pages moved", counted(outcome.counters.pgmigrate_success!)],
    [
      "pages reclaimed",
      counted(outcome.counters.dropped! + outcome.counters.written! + outcome.counters.swapped!),
    ],
    ...(outcome.decisions === undefined
      ? []
      : countTexts(outcome.decisions).map((line): [string, string] => ["change", line])),
  ];
  return tableBundle(
    `${booted.board}, ${formatSize(booted.memoryBytes)}, Linux ${booted.kernel}${changed}, running`,
    rows,
    run,
  );
}

/** The fields of a request that are shown. */
export interface ShownRequest extends Answer {
  pfn: number;
  pages: number;
  latencyNs: number;
}

const CALLED: Partial<Record<Step["do"], string>> = {
  cmaAlloc: "cma_alloc()",
  allocContigPages: "alloc_contig_pages()",
  allocPages: "alloc_pages()",
};

/** `asked`: the step that asks. */
export function requestBundle(request: ShownRequest, asked: Step | undefined, run: Run): MimeBundle {
  const { ok, errno, reason, pfn, pages, latencyNs } = request;
  const rows: [string, string][] = ok
    ? [
        ["granted", `${pages} pages from frame ${pfn} on`],
        ["time, modelled", costText(latencyNs)],
      ]
    : [
        ["failed", errnoText(errno)],
        ["time, modelled", costText(latencyNs)],
        ["why", reason ?? ""],
      ];
  return tableBundle(requestTitle(asked), rows, run);
}

/** `alloc_contig_pages(): 128 MiB`, so that the tables of two requests have two titles. */
function requestTitle(asked: Step | undefined): string {
  const called = asked === undefined ? undefined : CALLED[asked.do];
  if (asked === undefined || called === undefined) return "request for contiguous memory";
  if ("bytes" in asked && typeof asked.bytes === "number") return `${called}: ${formatSize(asked.bytes)}`;
  return "order" in asked ? `${called}: order ${asked.order}` : called;
}

/** A time in which nothing happened that the table of costs has a cost for is not a time of 0. */
const costText = (ns: number) => (ns === 0 ? "none: no step of it has a modelled cost" : timeText(ns));

/** A pool of huge pages after it was asked to grow or shrink. */
export function hugePagesBundle(
  { ok, reason, count, latencyNs }: Answer & { count: number; latencyNs: number },
  run: Run,
): MimeBundle {
  const rows: [string, string][] = [
    ["pages", String(count)],
    ["time, modelled", costText(latencyNs)],
    ...(ok ? [] : [["why no more", reason ?? ""] as [string, string]]),
  ];
  return tableBundle("pool of huge pages", rows, run);
}
