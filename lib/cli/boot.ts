/** `pageblock boot`: boots a described machine and prints page geometry, zones, watermarks and the CMA area. */
import type { Command } from "commander";
import { formatSize, hex } from "../base/units";
import { type BootedMachine, MachineDescription } from "../fluent/machine";
import { BOOT } from "../plan/kinds";
import { check } from "../schema/check";
import { type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";

export function register(program: Command): void {
  withPlanFlags(program.command("boot"), "boot")
    .description("boot a machine: page blocks, zones, watermarks, CMA area")
    .argument("[plan]", "a machine as JSON or YAML")
    .option("--json", "print one JSON object")
    .action((file: string | undefined, given: GivenFlags) => {
      const { value, locate } = writtenWith("boot", file, given);
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

function human(b: BootedMachine): string {
  const lines = [
    `${b.board}, ${formatSize(b.memoryBytes)}, ${formatSize(b.pageSize)} pages, Linux ${b.kernel}`,
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
  for (const message of b.messages.filter((text) =>
    /^(HugeTLB|hugetlb_cma|The system|This config)/.test(text),
  ))
    lines.push(message);
  lines.push(...b.kernelNotes.map((note) => `kernel            ${note}`));
  return `${lines.join("\n")}\n`;
}
