/** The firmware's memory map of a PC as the kernel prints it: `BIOS-e820: [mem 0x…-0x…] usable`. */
import { InputError } from "../../base/errors";
import type { AddressRange } from "../board-fields";
import { hexNumber, kernelLine, linesOf, type MachineReading, merged, wholePages, without } from "./reading";

/** One entry, with the words that the kernel prints for its type. */
export interface E820Entry extends AddressRange {
  type: string;
}

const ENTRY =
  /^(?:BIOS-e820|BIOS-88|user|modified|reserve setup_data|extended physical RAM map)\b[^[]{0,40}\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\] (.{1,60})$/i;
const BARE =
  /^\s{0,16}\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\] (usable|reserved|ACPI .{1,20}|unusable|persistent.{0,20})$/i;
const CHANGE =
  /^e820: (update|remove) \[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\] usable(?: ==> (.{1,40}))?/;

/** Each change looks at the whole map; a kernel makes a few dozen. */
const CHANGES_MOST = 512;

/** Memory that a PC's kernel knows, from lines of a log or a map alone; empty without any. */
export function usableOfE820(lines: readonly string[], what: string): AddressRange[] {
  let usable: AddressRange[] = [];
  let changes = 0;
  for (const [i, line] of lines.entries()) {
    const where = `${what}:${i + 1}`;
    const entry = ENTRY.exec(line) ?? BARE.exec(line);
    if (entry !== null && /^usable/.test(entry[3]!)) {
      // The map is printed again where setup_data is reserved or memory is given by the user: the same memory.
      usable.push(rangeIn(entry[1]!, entry[2]!, where));
      continue;
    }
    const change = CHANGE.exec(line);
    if (change === null) continue;
    if (++changes > CHANGES_MOST)
      throw new InputError(`${where}: a map is changed ${CHANGES_MOST} times at most: this is one more`);
    usable = without(usable, rangeIn(change[2]!, change[3]!, where));
  }
  // Below 1 MiB the kernel keeps what the firmware may use; pages are whole.
  return wholePages(merged(usable), 4096);
}

function rangeIn(first: string, last: string, where: string): AddressRange {
  const base = hexNumber(first, where);
  const end = hexNumber(last, where);
  if (end < base)
    throw new InputError(`${where}: a range must end after its first address: got 0x${first}-0x${last}`);
  return { base, bytes: end + 1 - base };
}

/** The machine of an e820 map. Throws InputError if the text has no usable entry. */
export function readE820(text: string, what = "e820"): MachineReading {
  const ram = usableOfE820(linesOf(text, what).map(kernelLine), what);
  if (ram.length === 0)
    throw new InputError(
      `${what}: no usable entry: it needs lines such as "BIOS-e820: [mem 0x0-0x9ffff] usable"`,
    );
  return {
    machine: { board: "blank-x86-64", ram, reserved: [{ name: "first megabyte", base: 0, bytes: 2 ** 20 }] },
    notes: [
      "place and size of the kernel's image are those of a usual build: /proc/iomem of the machine has its own",
    ],
  };
}
