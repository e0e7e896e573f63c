/** A booted machine as a table: HTML for notebooks, aligned text for terminals, and its plan and result. */
import { largestOf } from "../base/extremes";
import { formatSize, hex, roughSize } from "../base/units";
import { type Planned, runOf } from "../chart/run";
import { escapeHtml } from "../report/escape";
import { withResults } from "../report/runs";
import type { MimeBundle } from "./display";

/** The fields of a booted machine that the table needs. Sizes in bytes, zones in pages. */
export interface ShownMachine extends Planned {
  readonly board: string;
  readonly kernel: string;
  /** The change of the kernel in words; null: none. */
  readonly change: string | null;
  /** What is inferred or not modelled for this release. */
  readonly kernelNotes: readonly string[];
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pageSize: number;
  readonly pageblockBytes: number;
  readonly pageblockOrder: number;
  readonly mobilityGrouping: boolean;
  readonly minFreeKbytes: number;
  readonly hugePageSizes: readonly number[];
  readonly zones: readonly { name: string; managed: number }[];
  readonly cma: {
    readonly requestedBytes: number;
    readonly reservedBytes: number;
    readonly base: number | null;
    readonly ok: boolean;
    readonly reason: string | null;
  };
}

export function machineBundle(machine: ShownMachine): MimeBundle {
  const title = `${machine.board}, ${formatSize(machine.memoryBytes)}, Linux ${machine.kernel}${machine.change === null ? "" : ` with ${machine.change}`}`;
  const rows = rowsOf(machine);
  const width = largestOf(rows.map(([name]) => name.length));
  const html = rows.map(
    ([name, value]) =>
      `<tr><th style="text-align:left">${escapeHtml(name)}</th><td style="text-align:left">${escapeHtml(value)}</td></tr>`,
  );
  const shown = {
    "text/html": `<table><caption style="text-align:left">${escapeHtml(title)}</caption><tbody>${html.join("")}</tbody></table>`,
    "text/plain": [title, ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)].join("\n"),
  };
  return withResults(shown, [runOf(machine.plan, machine.toJSON())]);
}

function rowsOf(machine: ShownMachine): [string, string][] {
  const { cma, pageSize } = machine;
  const zones = machine.zones.map((zone) => `${zone.name} ${roughSize(zone.managed * pageSize)}`);
  return [
    ["CPUs", String(machine.cpus)],
    ["page", formatSize(pageSize)],
    ["page block", `${formatSize(machine.pageblockBytes)} (order ${machine.pageblockOrder})`],
    ["huge pages", machine.hugePageSizes.map(formatSize).join(", ") || "none"],
    ["zones, managed", zones.join(", ")],
    ["mobility grouping", machine.mobilityGrouping ? "on" : "off"],
    ["kept free (min_free_kbytes)", roughSize(machine.minFreeKbytes * 1024)],
    ["CMA", cmaInWords(cma)],
    ...machine.kernelNotes.map((note): [string, string] => ["kernel", note]),
  ];
}

function cmaInWords(cma: ShownMachine["cma"]): string {
  if (!cma.ok) return cma.reason ?? "no area";
  if (cma.reservedBytes === 0) return "none asked for";
  return `${formatSize(cma.reservedBytes)} at ${hex(cma.base ?? 0)}, asked ${formatSize(cma.requestedBytes)}`;
}
