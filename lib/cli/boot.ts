/** `pageblock boot`: boots a described machine and prints page geometry, zones, watermarks and the CMA area. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatSize, hex } from "../base/units";
import { type BootedMachine, type MachineDescription, machine } from "../fluent/machine";
import { BOARD_NAMES } from "../hardware/boards";
import { KERNEL_RELEASES } from "../hardware/kernel-release";

interface Options {
  board: string;
  pageSize?: string;
  memory?: string;
  cma?: string;
  nodes?: number;
  kernelcore?: string;
  movablecore?: string;
  hugepages?: string[];
  hugetlbCma?: string;
  kernel?: string;
  huge?: "on" | "off";
  thp?: "on" | "off" | "never";
  pageBlockMaxOrder?: number;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("boot")
    .description("boot a machine: page blocks, zones, watermarks, CMA area")
    .requiredOption("--board <name>", `one of ${BOARD_NAMES.join(", ")}`)
    .option("--page-size <size>", "base page size: 4K, 16K or 64K (default: the board's first)")
    .option("--memory <size>", "memory fitted, such as 2GiB (default: the board's usual size)")
    .option("--cma <request>", "64M, 64M@0x60000000, 64M@0-0x80000000, none (the configured size) or off")
    .option("--nodes <count>", "NUMA nodes (default: the board's)", wholeNumber)
    .option("--kernelcore <size>", "kernelcore=: 2GiB, 50% or mirror; the rest becomes ZONE_MOVABLE")
    .option("--movablecore <size>", "movablecore=: 2GiB or 50% for ZONE_MOVABLE")
    .option("--hugepages <size:count>", "huge pages at boot, such as 1GiB:2; may be repeated", collect)
    .option("--hugetlb-cma <size>", "hugetlb_cma=: 2GiB, or by node 0:1GiB,1:1GiB")
    .option(
      "--kernel <release>",
      `${KERNEL_RELEASES[0]} to ${KERNEL_RELEASES.at(-1)}; modelled are ${KERNEL_RELEASES.join(", ")} (default: 6.1)`,
    )
    .addOption(
      new Option("--huge <state>", "off: built without THP and without hugetlb").choices(["on", "off"]),
    )
    .addOption(
      new Option("--thp <state>", "off: built without THP; never: transparent_hugepage=never").choices([
        "on",
        "off",
        "never",
      ]),
    )
    .option(
      "--page-block-max-order <order>",
      "CONFIG_PAGE_BLOCK_MAX_ORDER, kernel 6.16 and later",
      wholeNumber,
    )
    .option("--json", "print one JSON object")
    .action((options: Options) => {
      const booted = describe(options).boot();
      process.stdout.write(options.json ? `${JSON.stringify(booted.toJSON(), null, 2)}\n` : human(booted));
    });
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("must be a whole number.");
  return Number(text);
}

function collect(text: string, before: string[] = []): string[] {
  if (!/^[^:]+:\d+$/.test(text)) throw new InvalidArgumentError("must be SIZE:COUNT, such as 1GiB:2.");
  return [...before, text];
}

function describe(options: Options): MachineDescription {
  let m = machine(options.board);
  if (options.pageSize !== undefined) m = m.pageSize(options.pageSize);
  if (options.memory !== undefined) m = m.memory(options.memory);
  if (options.cma !== undefined) m = m.cma(options.cma);
  if (options.kernel !== undefined) m = m.kernel(options.kernel);
  if (options.huge !== undefined) m = m.huge(options.huge);
  if (options.thp !== undefined) m = m.thp(options.thp);
  if (options.pageBlockMaxOrder !== undefined) m = m.pageBlockMaxOrder(options.pageBlockMaxOrder);
  if (options.nodes !== undefined) m = m.nodes(options.nodes);
  if (options.kernelcore !== undefined) m = m.kernelcore(options.kernelcore);
  if (options.movablecore !== undefined) m = m.movablecore(options.movablecore);
  for (const pool of options.hugepages ?? []) {
    const [size, count] = pool.split(":");
    m = m.hugePages(size!, Number(count));
  }
  if (options.hugetlbCma !== undefined) m = m.hugetlbCma(options.hugetlbCma);
  return m;
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
  for (const { bytes, count } of b.hugePages.pools)
    lines.push(`huge pages asked  ${count} of ${formatSize(bytes)}, once the allocator runs`);
  for (const message of b.messages.filter((text) =>
    /^(HugeTLB|hugetlb_cma|The system|This config)/.test(text),
  ))
    lines.push(message);
  lines.push(...b.kernelNotes.map((note) => `kernel            ${note}`));
  return `${lines.join("\n")}\n`;
}
