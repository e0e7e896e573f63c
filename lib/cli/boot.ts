/** `pageblock boot`: boots a described machine and prints page geometry, zones, watermarks and the CMA area. */
import type { Command } from "commander";
import { InputError } from "../base/errors";
import { formatSize, hex } from "../base/units";
import type { BootedMachine } from "../fluent/booted-machine";
import { MachineDescription } from "../fluent/machine";
import type { BootedArea } from "../machine/boot";
import { BOOT } from "../plan/kinds";
import { check } from "../schema/check";
import { fieldPath } from "../schema/place";
import type { Written } from "../schema/plan-file";
import { type MachineFiles, machineOfFiles } from "./machine-files";
import { flagsIn, type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";

export function register(program: Command): void {
  withPlanFlags(program.command("boot"), "boot")
    .description("boot a machine: page blocks, zones, watermarks, CMA area")
    .argument("[plan]", "a machine as JSON or YAML")
    .option("--from-log <file>", "the machine of a boot log (dmesg, journalctl -k -b)")
    .option("--from-iomem <file>", "the machine of /proc/iomem, as root sees it")
    .option("--from-e820 <file>", "the machine of a PC's e820 map")
    .option("--dtb <file>", "its device tree: .dtb, .dts, or a folder such as /proc/device-tree")
    .option("--json", "print one JSON object")
    .action((file: string | undefined, given: GivenFlags) => {
      const { value, locate } = machineWritten(file, given);
      const { kind: _kind, ...request } = check(BOOT, value, locate);
      if (given.printPlan === true) {
        process.stdout.write(`${JSON.stringify(request, null, 2)}\n`);
        return;
      }
      const booted = new MachineDescription(request).boot();
      process.stdout.write(
        given.json === true ? `${JSON.stringify(booted.toJSON(), null, 2)}\n` : human(booted),
      );
    });
}

/** The machine of a plan's file or of a machine's own texts, with the flags. */
function machineWritten(file: string | undefined, given: GivenFlags): Written {
  const notes: string[] = [];
  const read = machineOfFiles(given as MachineFiles, (note) => notes.push(note));
  if (read === undefined) return writtenWith("boot", file, given);
  if (file !== undefined) throw new InputError(`${file}: give a plan, or a machine's texts, not both`);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return flagsIn("boot", { file: "plan", value: read.toJSON(), locate: fieldPath }, given);
}

function human(b: BootedMachine): string {
  const lines = [
    `${b.board}, ${formatSize(b.memoryBytes)}, ${formatSize(b.pageSize)} pages, Linux ${b.kernel}${b.change === null ? "" : ` with ${b.change}`}`,
    `page block        order ${b.pageblockOrder} = ${formatSize(b.pageblockBytes)}`,
    `largest buddy     order ${b.largestBuddyOrder} = ${formatSize(b.pageSize * 2 ** b.largestBuddyOrder)}`,
    `huge pages        ${b.hugePageSizes.map(formatSize).join(", ") || "none"}`,
    `mobility grouping ${b.mobilityGrouping ? "on" : "off"} (${b.vmTotalPages} pages)`,
    `min_free_kbytes   ${b.minFreeKbytes}`,
  ];
  const rows = [
    ["zone", "start", "spanned", "present", "managed", "min", "low", "high"],
    ...b.zones.map((z) => [
      z.name,
      hex(z.startPfn * b.pageSize),
      ...[z.spanned, z.present, z.managed, z.watermarks.min, z.watermarks.low, z.watermarks.high].map(String),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((r) => r[i]!.length)));
  for (const row of rows)
    lines.push(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
    );
  const { cma } = b;
  if (cma.base !== null)
    lines.push(
      `CMA               ${formatSize(cma.reservedBytes)} at ${hex(cma.base)} (${formatSize(cma.requestedBytes)} asked, aligned to ${formatSize(cma.alignmentBytes)})`,
    );
  else lines.push(`CMA               none: ${cma.reason}`);
  if (b.movable.reason !== null) lines.push(`ZONE_MOVABLE      none: ${b.movable.reason}`);
  for (const { bytes, start } of b.hugePages.gigantic)
    lines.push(`gigantic page     ${formatSize(bytes)} at ${hex(start)}`);
  for (const { nid, ranges, activated } of b.hugePages.cma)
    for (const r of ranges)
      lines.push(
        `hugetlb_cma       ${formatSize(r.bytes)} at ${hex(r.base)}, node ${nid}${activated ? "" : ", not activated"}`,
      );
  for (const { bytes, count, node } of b.hugePages.pools)
    lines.push(
      `huge pages asked  ${count} of ${formatSize(bytes)}${node === undefined ? "" : ` of node ${node}`}, once the allocator runs`,
    );
  for (const area of b.areas) lines.push(`area              ${areaText(area)}`);
  for (const warning of b.warnings) lines.push(`warning           ${warning}`);
  for (const message of b.messages) lines.push(`kernel says       ${message}`);
  lines.push(...b.kernelNotes.map((note) => `kernel            ${note}`));
  return `${lines.join("\n")}\n`;
}

/** `linux,cma (device tree): 64 MiB at 0x2ac00000: the highest free …`. */
function areaText({ name, by, ranges, reservedBytes, reason }: BootedArea): string {
  const where = ranges.map((r) => hex(r.base)).join(" and ");
  const got = ranges.length === 0 ? "not reserved" : `${formatSize(reservedBytes)} at ${where}`;
  return `${name} (${by}): ${got}: ${reason}`;
}
