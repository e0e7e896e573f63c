/** The files of a machine that `pageblock boot` reads: a log, /proc/iomem, an e820 map, a device tree or its folder. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { errorOf, InputError } from "../base/errors";
import { isFolder } from "../base/open-regular";
import { readOutside, readOutsideRaw, readOutsideText } from "../base/outside-file";
import type { MachineDescription } from "../fluent/machine";
import {
  type DeviceTreeIn,
  type MachineTextOptions,
  machineFromBootLog,
  machineFromDeviceTree,
  machineFromE820,
  machineFromIomem,
} from "../fluent/machine-texts";
import type { Architecture } from "../hardware/page-geometry";
import type { IncludeFile } from "../machine/texts/dts";
import type { TreeNode } from "../machine/texts/fdt";

/** Flags that name such files. */
export interface MachineFiles {
  fromLog?: string;
  fromIomem?: string;
  fromE820?: string;
  dtb?: string;
  /** Of a text that does not say it. */
  architecture?: string;
}

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_DEPTH = 32;
const MOST_ENTRIES = 100_000;

/** The machine of the files, or undefined if none is named; `options` is told what had to be inferred. */
export function machineOfFiles(
  named: MachineFiles,
  options: Pick<MachineTextOptions, "onNote" | "onFacts">,
): MachineDescription | undefined {
  const { fromLog: log, fromIomem: iomem, fromE820: e820, dtb } = named;
  return namingFiles({ log, iomem, e820, "device tree": dtb }, () => readMachine(named, options));
}

/** An included source names itself. */
const NAMED_SOURCE = /^[^:\n]{1,4096}\.dtsi?:/;

/** Errors of the readers say what kind of text it was: here they name its file, and the line behind it. */
function namingFiles<T>(files: Readonly<Record<string, string | undefined>>, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message } = error;
    const given = Object.entries(files).filter(([, file]) => file !== undefined);
    if (given.some(([, file]) => message.startsWith(`${file}`)) || message.startsWith("--")) throw error;
    if (NAMED_SOURCE.test(message)) throw error;
    const own = given.find(([what]) => message.startsWith(`${what}:`));
    if (own !== undefined) throw new InputError(`${own[1]}${message.slice(own[0].length)}`);
    throw given[0] === undefined ? error : new InputError(`${given[0][1]}: ${message}`);
  }
}

function readMachine(
  { fromLog, fromIomem, fromE820, dtb, architecture }: MachineFiles,
  options: Pick<MachineTextOptions, "onNote" | "onFacts">,
): MachineDescription | undefined {
  const texts = [fromLog, fromIomem, fromE820].filter((file) => file !== undefined);
  if (texts.length > 1)
    throw new InputError(
      "--from-log, --from-iomem, --from-e820: give one of them; --dtb goes with --from-iomem",
    );
  if (fromLog !== undefined && dtb !== undefined)
    throw new InputError("--dtb: goes with --from-iomem or alone: a log says its regions itself");
  if (fromLog !== undefined) return machineFromBootLog(textOf(fromLog), options);
  if (fromE820 !== undefined) return machineFromE820(textOf(fromE820), options);
  const deviceTree = dtb === undefined ? undefined : treeOf(dtb);
  const source = dtb === undefined ? {} : { source: { name: dtb, include: includeFrom(dtb) } };
  if (fromIomem !== undefined)
    return machineFromIomem(textOf(fromIomem), {
      ...options,
      ...source,
      ...(deviceTree && { deviceTree }),
      ...(architecture !== undefined && { architecture: architecture as Architecture }),
    });
  return deviceTree === undefined ? undefined : machineFromDeviceTree(deviceTree, { ...options, ...source });
}

const textOf = (file: string): string => readOutsideText(file, { bytes: MOST_BYTES });

/** What may still be read of a tree. */
interface Budget {
  entries: number;
  bytes: number;
}

/** Bytes of a property as they are: they may begin like a packed file. */
function propertyOf(file: string, budget: Budget): Uint8Array {
  try {
    const { size } = statSync(file);
    budget.bytes -= size;
    if (budget.bytes < 0)
      throw new InputError(`a tree must have at most ${MOST_BYTES} bytes: got more with this file`);
    return readOutsideRaw(file, MOST_BYTES);
  } catch (error) {
    throw new InputError(`${file}: ${errorOf(error).message.split("\n")[0]}`);
  }
}

/** A .dtb or .dts, or a folder such as /proc/device-tree. */
function treeOf(file: string): DeviceTreeIn {
  return isFolder(file)
    ? folderOf(file, { entries: MOST_ENTRIES, bytes: MOST_BYTES }, 0)
    : readOutside(file, { bytes: MOST_BYTES });
}

/** Reads what a .dts includes: plain files within its folder, named from the file that includes them. */
function includeFrom(file: string): IncludeFile {
  return (path, from) => {
    const asked = resolve(dirname(from), path);
    const folder = realpathSync(dirname(file));
    const name = join(dirname(from), path);
    let real: string;
    try {
      real = realpathSync(asked);
    } catch {
      throw new InputError(`${name}: not found`);
    }
    if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep))
      throw new InputError(`${name}: must lie in the folder of ${file}`);
    return { name, text: readOutsideText(real, { bytes: MOST_BYTES }) };
  };
}

/** A folder is a node, a file a property; links are not followed. */
function folderOf(folder: string, budget: Budget, depth: number): TreeNode {
  const node: TreeNode = { name: depth === 0 ? "" : basename(folder), properties: new Map(), children: [] };
  if (depth > MOST_DEPTH) throw new InputError(`${folder}: a device tree must be at most ${MOST_DEPTH} deep`);
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (--budget.entries < 0) throw new InputError(`${folder}: has more than ${MOST_ENTRIES} entries`);
    const path = join(folder, entry.name);
    if (entry.isDirectory()) node.children.push(folderOf(path, budget, depth + 1));
    else if (entry.isFile()) node.properties.set(entry.name, propertyOf(path, budget));
  }
  return node;
}
