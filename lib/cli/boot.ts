/** `pageblock boot`: boots a described machine and prints page geometry, zones, watermarks and the CMA area. */

import type { Command } from "commander";
import { InputError } from "../base/errors";
import { printableJson } from "../base/printable";
import { MachineDescription } from "../fluent/machine";
import type { MachineTextFacts } from "../fluent/machine-texts";
import { bootText, type SaidOfMachine } from "../page/boot-text";
import { BOOT, PLAN_KINDS } from "../plan/kinds";
import { check, isObject } from "../schema/check";
import { fieldPath } from "../schema/place";
import { readPlanFile, type Written } from "../schema/plan-file";
import { type MachineFiles, machineOfFiles } from "./machine-files";
import { flagsIn, type GivenFlags, withPlanFlags } from "./plan-flags";

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
      const { written, said } = machineWritten(file, given);
      const { kind: _kind, ...request } = check(BOOT, written.value, written.locate);
      if (given.printPlan === true) {
        process.stdout.write(`${printableJson(request, 2)}\n`);
        return;
      }
      const booted = new MachineDescription(request).boot();
      if (given.json !== true) {
        process.stdout.write(bootText(booted, said));
        return;
      }
      const { model, areas } = said ?? {};
      const json = { ...booted.toJSON(), ...(said && { text: { model, areas } }) };
      process.stdout.write(`${printableJson(json, 2)}\n`);
    });
}

/** The machine of a plan's file or of a machine's own texts, with the flags; `said`: what the texts say besides. */
function machineWritten(
  file: string | undefined,
  given: GivenFlags,
): { written: Written; said?: SaidOfMachine } {
  const notes: string[] = [];
  let facts: MachineTextFacts = { model: null, areas: [] };
  const read = machineOfFiles(given as MachineFiles, {
    onNote: (note) => notes.push(note),
    onFacts: (found) => {
      facts = found;
    },
  });
  if (read === undefined) {
    const written =
      file === undefined ? { file: "plan", value: {}, locate: fieldPath } : machineIn(readPlanFile(file));
    return { written: flagsIn("boot", written, given) };
  }
  if (file !== undefined) throw new InputError(`${file}: give a plan, or a machine's texts, not both`);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  const alone = { file: "plan", value: read.toJSON(), locate: fieldPath };
  const written = flagsIn("boot", alone, given);
  const changed = JSON.stringify(written.value) !== JSON.stringify(alone.value);
  return { written, said: { ...facts, changed } };
}

/** Fields that stand beside the machine in plans of other kinds. */
const BESIDE = new Set([
  ...PLAN_KINDS.flatMap(({ name, fields }) => (name === "boot" ? [] : Object.keys(fields))),
  ...["format", "kind"],
]);

/** The machine of a plan of another kind: a run, a comparison, or the plan within a sweep. */
function machineIn(written: Written): Written {
  if (!isObject(written.value)) return written;
  const inPlan = !("machine" in written.value) && isObject(written.value.plan);
  const holder = inPlan ? written.value.plan : written.value;
  if (!isObject(holder) || !("machine" in holder)) return written;
  const path = inPlan ? ["plan"] : [];
  const other = Object.keys(holder).find((key) => !BESIDE.has(key));
  if (other !== undefined)
    throw new InputError(
      `${written.locate(path, other)}: a field of the machine stands under machine or at the top, not beside it`,
    );
  const { machine } = holder;
  return {
    ...written,
    value: typeof machine === "string" ? { board: machine } : machine,
    locate: (within, key) => written.locate([...path, "machine", ...within], key),
  };
}
