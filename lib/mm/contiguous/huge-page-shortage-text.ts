/** The shortage of a pool of huge pages in words. */
import { formatSize } from "../../base/units";
import { STOP_CAUSES } from "./huge-page-candidates";
import type { HugePageShortage, NodeShortage, StoppedPlaces, ZoneLevel } from "./huge-page-shortage";

/** `1210 hold a page that does not move (slab)`. */
function groupText({ cause, kind, candidates }: StoppedPlaces): string {
  const what = STOP_CAUSES[cause];
  const plural =
    candidates === 1 ? what : what.replace(/^(holds|is|has|was|could)\b/, (verb) => PLURAL[verb]!);
  return `${candidates} ${plural}${kind === null || kind === cause ? "" : ` (${kind})`}`;
}

const PLURAL: Readonly<Record<string, string>> = {
  holds: "hold",
  is: "are",
  has: "have",
  was: "were",
  could: "could",
};

/** Groups told in words; the data has all. */
const TOLD = 5;

/** A few lines: the pool, each node, surplus pages, what would help. */
export function explainHugePageShortage(shortage: HugePageShortage): string {
  const { bytes, node, wanted, got, nodes, surplus, remedies } = shortage;
  const on = node === null ? "" : ` on node ${node}`;
  const lines = [`the pool has ${got} of ${wanted} pages of ${formatSize(bytes)}${on}.`];
  for (const n of nodes) lines.push(nodeText(n, nodes.length > 1));
  lines.push(`Surplus pages could give ${surplus.couldGive} more: ${surplus.why}.`);
  const help = remedies.map(
    ({ what, how, candidates }) =>
      `${what} (${how}${candidates === null ? "" : `; ${candidates} place${candidates === 1 ? "" : "s"}`})`,
  );
  lines.push(`Would help: ${help.join("; or ")}.`);
  return lines.join("\n");
}

/** One node in a sentence or two; `named`: there are others. */
export function nodeText(of: NodeShortage, named: boolean): string {
  const { node, candidates, pages, tried, stopped, first, mostFrequent, zones } = of;
  if (!of.allowed) return `Node ${node} has ${pages} in the pool; the request may not use it.`;
  const where = named ? `Node ${node}: of` : "Of";
  const search = tried === null ? "" : `, and ${tried} ${tried === 1 ? "was" : "were"} tried`;
  const head = `${where} ${candidates} place${candidates === 1 ? "" : "s"} for such a page ${pages} ${pages === 1 ? "is" : "are"} in the pool${search}`;
  if (mostFrequent === null || first === null) return `${head}.`;
  const told = stopped.slice(0, TOLD).map(groupText);
  const more = stopped.length > TOLD ? "; and others" : "";
  const whose = first.kind === null ? "" : `, ${first.kind}`;
  return `${head}; ${told.join("; ")}${more}. First in the way: frame ${first.firstPfn}${whose}: ${first.why}.${levelText(zones, stopped)}`;
}

/** The zones that are too low, if places fail for that. */
function levelText(zones: readonly ZoneLevel[], stopped: readonly StoppedPlaces[]): string {
  if (!stopped.some(({ cause }) => cause === "watermark")) return "";
  const low = zones.filter((z) => z.belowMin);
  const levels = low.map(
    ({ name, freePages, minPages, reservePages }) =>
      `${name} ${freePages} pages free, ${minPages} its min watermark${reservePages > 0 ? ` and ${reservePages} kept for lower requests` : ""}`,
  );
  return levels.length === 0 ? "" : ` Zone ${levels.join("; zone ")}.`;
}
