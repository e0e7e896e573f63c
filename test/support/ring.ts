/**
 * Writes rings as the module does, word by word from the layout that lib/recorder/module/recorder.h states. It uses
 * nothing of the reader.
 */

/** One record by hand: kind, arguments, and who ran. */
export interface Written {
  kind: number;
  args: (number | bigint)[];
  pid?: number;
  cpu?: number;
  context?: number;
}

function words(numbers: readonly (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((n, i) => bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(n)), 8 * i));
  return bytes;
}

function headWord({ kind, args, pid = 1, cpu = 0, context = 0 }: Written): bigint {
  return (
    BigInt(kind) |
    (BigInt(args.length) << 8n) |
    (BigInt(cpu) << 16n) |
    (BigInt(context) << 28n) |
    (BigInt(pid) << 32n)
  );
}

export const recordBytes = (r: Written): Buffer => words([headWord(r), ...r.args]);

/** A text in a ring: kind 29, its length, name, NUL, content, filled up to 8 bytes. */
export function textBytes(name: string, content: string): Buffer {
  const body = Buffer.from(`${name}\0${content}`, "latin1");
  const filled = Buffer.alloc(Math.ceil(body.length / 8) * 8);
  body.copy(filled);
  return Buffer.concat([words([headWord({ kind: 29, args: [0] }), body.length]), filled]);
}

/** The first page and what follows it. */
export function ringFile(parts: readonly Buffer[], { lost = 0, missed = 0 } = {}): Buffer {
  const body = Buffer.concat(parts);
  const page = Buffer.alloc(4096);
  words([0x3130434552425047n, body.length + 4096, body.length, parts.length, lost, missed]).copy(page);
  return Buffer.concat([page, body]);
}

/**
 * A zone of 64 frames with page blocks of 16, on two CPUs: 16..19, 24..25 and 28 are free, 20 and 21 lie on the list of
 * CPU 0, 40 on that of CPU 1.
 */
export const SMALL_START = [
  "snapshot v1 slot=0 max_order=5 migratetypes=5 pcp_lists=12 pageblock_order=4 max_nr_zones=1 cpus=2",
  "zone 0 Normal start=0 spanned=64 present=64 managed=64",
  "pb 0 4 1 0",
  "free 0 1 1 : 28",
  "free 1 1 1 : 24",
  "free 2 1 1 : 16",
  "pcp 0 count=2",
  "pcplist 1 2 : 20 21",
  "pcp 1 count=1",
  "pcplist 1 1 : 40",
  "class 0 64 : 064",
  "",
].join("\n");
