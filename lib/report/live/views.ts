/**
 * Views: what a live figure says of the result of its plan. They are named, because a page carries data and no code, and they are
 * pure: a notebook and a page draw the same from the same result.
 */
import { InputError, unknownName } from "../../base/errors";
import { formatSize, MiB } from "../../base/units";
import { bars } from "../../chart/bars";
import type { Figure } from "../../chart/figure";
import { pageblockMap } from "../../chart/pageblock-map";
import type { Outcome } from "../../experiment/plan";
import { timeText } from "../../experiment/texts";
import { boot } from "../../machine/boot";
import type { BootJson } from "../../machine/boot-json";
import { MACHINE } from "../../machine/boot-request";
import { parsePlan } from "../../plan/run";
import { check } from "../../schema/check";

/** An answer in words, one paragraph each, and its picture. The first paragraph is the answer; others are reasons. */
export interface Viewed {
  sentences: string[];
  figure: Figure;
}

type Json = Readonly<Record<string, unknown>>;
/** `kind`: the kind of plan it tells of. `parse` checks such a plan: equal plans become equal however they were written. */
interface View {
  kind: string;
  parse(plan: unknown): Json;
  of(plan: Json, result: unknown): Viewed;
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value));

export const VIEWS = {
  /** The CMA area of a boot, or why there is none, and the map of the memory. */
  cmaArea: { kind: "boot", parse: (plan) => plain(check(MACHINE, plan)), of: cmaArea },
  /** The requests of a run: how many were granted, how long it took, why the first was refused; and what is free. */
  requests: { kind: "run", parse: (plan) => plain(parsePlan(plan)), of: requests },
} satisfies Record<string, View>;

export type ViewName = keyof typeof VIEWS;

/** The view of that name. Throws InputError for another one. */
export function viewNamed(name: string): View {
  const found = Object.entries<View>(VIEWS).find(([known]) => known === name)?.[1];
  if (found === undefined) throw unknownName("live figure: view", name, Object.keys(VIEWS));
  return found;
}

function cmaArea(plan: Json, result: unknown): Viewed {
  const booted = boot(check(MACHINE, plan));
  const { cma, pageblockBytes } = result as BootJson;
  const { memoryBytes } = booted;
  const figure = pageblockMap({ ...booted, plan, toJSON: () => result as object });
  const blocks = `A page block is ${formatSize(pageblockBytes)}.`;
  if (!cma.ok) return { sentences: ["No area fits.", cma.reason ?? "", blocks].filter(Boolean), figure };
  if (cma.reservedBytes === 0) return { sentences: ["No area was asked for.", blocks], figure };
  const share = percentText(cma.reservedBytes / memoryBytes);
  const got = `The area fits: ${formatSize(cma.reservedBytes)} for ${formatSize(cma.requestedBytes)} asked, ${share} of the memory.`;
  return { sentences: [got, blocks], figure };
}

function requests(plan: Json, result: unknown): Viewed {
  const { request } = parsePlan(plan);
  const { requests: columns, metrics, failures } = result as Outcome;
  const { freeBytes, pageblocksFree, pageblockBytes, reservedBytes } = metrics;
  if (freeBytes === undefined || pageblocksFree === undefined || pageblockBytes === undefined)
    throw new InputError("live figure: the run must tell what is free");
  const asked = columns.granted.length;
  const times = columns.latencyNs.filter((_, i) => columns.granted[i] === 1).sort((a, b) => a - b);
  const took =
    times.length === 0
      ? ""
      : ` Median time, modelled: ${timeText(times[Math.floor((times.length - 1) / 2)])}.`;
  const verb = times.length === 1 ? "was" : "were";
  const counted =
    asked === 1
      ? `${formatSize(request.bytes)} was ${times.length === 1 ? "granted" : "refused"}.`
      : `${times.length} of ${asked} requests for ${formatSize(request.bytes)} ${verb} granted.`;
  const why = failures[0]?.text ?? "";
  const rows: [string, number][] = [
    ["asked at once", request.bytes],
    ["set aside for it", reservedBytes ?? 0],
    ["free at the end", freeBytes],
    ["free in whole page blocks", pageblocksFree * pageblockBytes],
  ];
  const figure = bars({
    title: "What was asked, and what is free",
    subtitle: `page blocks of ${formatSize(pageblockBytes)}`,
    xTitle: "",
    yTitle: "memory (MiB)",
    categories: rows.map(([name]) => name),
    series: [
      {
        name: "memory",
        values: rows.map(([, bytes]) => bytes / MiB),
        labels: rows.map(([, bytes]) => roundText(bytes)),
      },
    ],
  });
  return { sentences: [counted + took, ...(why === "" ? [] : [firstLines(why)])], figure };
}

/** Three figures are enough for a share, and for an amount. */
const percentText = (share: number) => `${Number((100 * share).toPrecision(3))} %`;

function roundText(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? 2 ** 30 : bytes >= MiB ? MiB : 1;
  return formatSize(Math.round(Number((bytes / unit).toPrecision(3)) * unit));
}

const LINES_MOST = 6;
const firstLines = (text: string) => text.split("\n").slice(0, LINES_MOST).join("\n");
