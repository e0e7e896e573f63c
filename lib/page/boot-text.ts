/** A booted machine for people: page blocks, zones, areas with their reasons, and what its boot log says of them. */
import { aligned } from "../base/aligned";
import { printable } from "../base/printable";
import { formatSize, hex } from "../base/units";
import type { BootedMachine } from "../fluent/booted-machine";
import type { MachineTextFacts } from "../fluent/machine-texts";
import { bootRules } from "../hardware/kernel-release";
import type { BootedArea } from "../machine/boot";

/** Columns of a line; longer reasons go on below. */
const WIDTH = 110;
const INDENT = 18;

/** What a machine's own text says beside the machine. */
export interface SaidOfMachine extends MachineTextFacts {
  /** Flags changed the machine, so that its areas may lie elsewhere than the text says. */
  changed: boolean;
}

/** The text of a boot; `said`: what the text that the machine was read from says. */
export function bootText(b: BootedMachine, said?: SaidOfMachine): string {
  const name = said?.model == null ? b.board : `${printable(said.model)} (${b.board})`;
  const lines = [
    `${name}, ${formatSize(b.memoryBytes)}, ${formatSize(b.pageSize)} pages, Linux ${b.kernel}${b.change === null ? "" : ` with ${b.change}`}`,
    `CPUs              ${b.cpus}`,
    `page block        order ${b.pageblockOrder} = ${formatSize(b.pageblockBytes)}`,
    `largest buddy     order ${b.largestBuddyOrder} = ${formatSize(b.pageSize * 2 ** b.largestBuddyOrder)}`,
    `huge pages        ${b.hugePageSizes.map(formatSize).join(", ") || "none"}`,
    `mobility grouping ${b.mobilityGrouping ? "on" : "off"} (${b.vmTotalPages} pages)`,
    `min_free_kbytes   ${b.minFreeKbytes}`,
    zonesText(b),
    listsText(b),
    cmaText(b),
  ];
  if (b.movable.reason !== null) lines.push(`ZONE_MOVABLE      none: ${b.movable.reason}`);
  lines.push(...hugePagesText(b));
  for (const area of b.areas) lines.push(labelled("area", areaText(area)));
  for (const area of said?.areas ?? [])
    lines.push(labelled("the log has", comparedText(area, b.areas, said?.changed === true)));
  for (const warning of b.warnings) lines.push(labelled("warning", warning));
  for (const message of b.messages) lines.push(`kernel says       ${message}`);
  lines.push(...b.kernelNotes.map((note) => labelled("kernel", note)));
  return `${lines.join("\n")}\n`;
}

function zonesText(b: BootedMachine): string {
  return aligned([
    ["zone", "start", "spanned", "present", "managed", "min", "low", "high"],
    ...b.zones.map((z) => [
      z.name,
      hex(z.startPfn * b.pageSize),
      ...[z.spanned, z.present, z.managed, z.watermarks.min, z.watermarks.low, z.watermarks.high].map(String),
    ]),
  ]);
}

/** What each CPU's lists hold, in the words of zoneinfo. */
function listsText(b: BootedMachine): string {
  const bounds = bootRules(b.kernel).zoneinfoPcpBounds;
  return aligned([
    ["each CPU", "high", "batch", ...(bounds ? ["high_min", "high_max"] : []), "vm stats threshold"],
    ...b.perCpuLists.map(({ high, batch, highMin, highMax, statThreshold }, i) => [
      b.zones[i]!.name,
      ...[high, batch, ...(bounds ? [highMin, highMax] : []), statThreshold].map(String),
    ]),
  ]);
}

/** Each area has its own reason below, so it is not said twice. */
function cmaText({ cma, areas }: BootedMachine): string {
  if (cma.base !== null)
    return `CMA               ${formatSize(cma.reservedBytes)} at ${hex(cma.base)} (${formatSize(cma.requestedBytes)} asked, aligned to ${formatSize(cma.alignmentBytes)})`;
  const refused = areas.filter((a) => a.by !== "hugetlb_cma=" && a.ranges.length === 0);
  if (refused.length === 0) return `CMA               none: ${cma.reason}`;
  return `CMA               none: see ${refused.map((a) => `area ${a.name} (${a.by})`).join(" and ")}`;
}

function hugePagesText({ hugePages }: BootedMachine): string[] {
  return [
    ...hugePages.gigantic.map(
      ({ bytes, start }) => `gigantic page     ${formatSize(bytes)} at ${hex(start)}`,
    ),
    ...hugePages.cma.flatMap(({ nid, ranges, activated }) =>
      ranges.map(
        (r) =>
          `hugetlb_cma       ${formatSize(r.bytes)} at ${hex(r.base)}, node ${nid}${activated ? "" : ", not activated"}`,
      ),
    ),
    ...hugePages.pools.map(
      ({ bytes, count, node }) =>
        `huge pages asked  ${count} of ${formatSize(bytes)}${node === undefined ? "" : ` of node ${node}`}, once the allocator runs`,
    ),
  ];
}

/** `linux,cma (device tree): 64 MiB at 0x2ac00000: the highest free …`. */
function areaText({ name, by, ranges, reservedBytes, reason }: BootedArea): string {
  const where = ranges.map((r) => hex(r.base)).join(" and ");
  const got = ranges.length === 0 ? "not reserved" : `${formatSize(reservedBytes)} at ${where}`;
  return `${name} (${by}): ${got}: ${reason}`;
}

/** An area of the log beside the one of the same name here. */
function comparedText(
  { name, base, bytes }: MachineTextFacts["areas"][number],
  areas: readonly BootedArea[],
  changed: boolean,
): string {
  const size = formatSize(bytes);
  const own = areas.filter((a) => a.name === name);
  const same = own.some(
    (a) =>
      (base === null ? a.ranges.length === 0 : a.ranges.some((r) => r.base === base)) &&
      [a.requestedBytes, a.reservedBytes].includes(bytes),
  );
  const logged =
    base === null
      ? `${printable(name)}: ${size}, with no place`
      : `${printable(name)}: ${size} at ${hex(base)}`;
  if (same) return `${logged}: the same here`;
  const [first] = own.flatMap((a) => a.ranges.map((r) => `${formatSize(a.reservedBytes)} at ${hex(r.base)}`));
  const here = first === undefined ? "none here" : `here ${first}`;
  const why = changed
    ? "the flags change the machine"
    : base === null
      ? "its kernel refused it, or the log does not say where it lies"
      : "the log does not say all that takes memory, such as the initial RAM disk: state it (initrd)";
  return `${logged}; ${here}: ${why}`;
}

/** A label, and words that go on below it where they are longer than a line. */
function labelled(label: string, text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ (?![KMGT]?i?B\b)/)) {
    if (line !== "" && INDENT + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((one, i) => (i === 0 ? label : "").padEnd(INDENT) + one).join("\n");
}
