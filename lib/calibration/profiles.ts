/** The profiles of `uptime` beside real machines: kernel memory and where it lies, as shares of memory. */
import { GiB } from "../base/units";
import { PROFILES } from "../workload/uptime-profiles";
import { type KernelShares, rangeOf } from "./kernel-shares";
import { modelRun } from "./model-run";
import { BESIDE, type Compared, MEASURE, type Quantities } from "./quantities";

const DAY_S = 86_400;

/** The columns of the table: quantities by name. */
const COLUMNS = ["slabReclaimable", "slabUnreclaimable", "pageTables", "unmovableBlocks"];
const HEAD = ["reclaimable slab", "other slab", "page tables", "page blocks with such a page"];

export interface ProfileOptions {
  memoryGib: number;
  days: number;
  seeds: number;
}

/** A row per profile over seeds, one per sample of a real machine, and one for the reports of machines of about that size. */
export function profilesTable(
  { memoryGib, days, seeds }: ProfileOptions,
  real: readonly { name: string; q: Quantities }[],
  reports: readonly KernelShares[],
): string {
  const machine = { board: "pc-x86-64", memoryBytes: memoryGib * GiB, kernel: "6.18" } as const;
  const row = (name: string, measured: readonly Quantities[]) => [
    name,
    ...COLUMNS.map((column) => rangeOf(measured.flatMap((q) => shareOf(column, q) ?? []))),
  ];
  const near = reports.filter(
    (r) => r.ramBytes >= (memoryGib / 2) * GiB && r.ramBytes <= 2 * memoryGib * GiB,
  );
  const kinds = ["slabReclaimable", "slabUnreclaimable", "pageTables"] as const;
  const rows = [
    ...PROFILES.map((profile) => {
      const workload = { kind: "uptime", profile, duration: `${days} days` };
      const runs = Array.from({ length: seeds }, (_, i) =>
        modelRun({ machine, workload }, i + 1, [days * DAY_S]),
      );
      return row(`model, \`${profile}\`, ${memoryGib} GiB, ${days} days`, runs.flat());
    }),
    ...real.map(({ name, q }) => row(name, [q])),
    [
      `${near.length} reports of machines in trouble, ${memoryGib / 2} to ${2 * memoryGib} GiB`,
      ...kinds.map((kind) => rangeOf(near.flatMap((r) => r[kind] ?? []))),
      "–",
    ],
  ];
  return [["machine", ...HEAD], ["---", ...HEAD.map(() => "---")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function shareOf(name: string, q: Quantities): number | undefined {
  const found: Compared = [...MEASURE, ...BESIDE].find((c) => c.name === name)!;
  const value = found.of(q);
  return value === undefined ? undefined : found.unit === "share" ? value : value / q.memoryPages;
}
