/** The public logs of test/fixtures/field, and what another reader found in them (kB as printed). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Reading, readTexts } from "../../lib/explain";

const FOLDER = join(__dirname, "../fixtures/field");

export interface ExpectedZone {
  node: number;
  name: string;
  freeKb: number;
  minKb: number;
  lowKb: number;
  highKb: number;
  freeCmaKb: number | null;
  counts: number[] | null;
  largestFreeOrder: number | null;
}

export interface Expected {
  order: number | null;
  gfp: string;
  pageKib: number;
  blocks: ExpectedZone[][];
}

export const EXPECTED = JSON.parse(readFileSync(join(FOLDER, "expected.json"), "utf8")) as Record<
  string,
  Expected
>;

export const NAMES = readdirSync(join(FOLDER, "logs")).map((file) => file.replace(/\.txt$/, ""));

export function fieldLog(name: string): string {
  return readFileSync(join(FOLDER, "logs", `${name}.txt`), "utf8");
}

export function read(text: string, name = "log"): Reading[] {
  return readTexts([{ name, text }]).readings;
}

function largest(counts: readonly number[]): number {
  let order = counts.length - 1;
  while (order >= 0 && counts[order] === 0) order--;
  return order;
}

/** Readings in the shape of the other reader: those with zones, and the order and flags of the first report. */
export function asExpected(readings: readonly Reading[]): Expected {
  const head = readings.find((r) => r.kind === "page-allocation-failure" || r.kind === "oom");
  const blocks = readings.filter((r) => r.zones.length > 0);
  const kb = (bytes: number | null) => (bytes === null ? null : bytes / 1024);
  return {
    order: head?.order ?? null,
    gfp: head?.gfp.value == null ? "" : `0x${head.gfp.value.toString(16)}`,
    pageKib: (blocks[0]?.pageBytes ?? Number.NaN) / 1024,
    blocks: blocks.map((r) =>
      r.zones.map((z) => ({
        node: z.node,
        name: z.name,
        freeKb: kb(z.freeBytes)!,
        minKb: kb(z.minBytes)!,
        lowKb: kb(z.lowBytes)!,
        highKb: kb(z.highBytes)!,
        freeCmaKb: kb(z.freeCmaBytes),
        counts: z.counts,
        largestFreeOrder: z.counts === null ? null : largest(z.counts),
      })),
    ),
  };
}
