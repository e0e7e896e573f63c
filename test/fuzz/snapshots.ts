/** Snapshots: the engine in any state is written, read and written again; then the text is damaged. */
import fc from "fast-check";
import type { Memory } from "../../lib/mm/state/memory";
import { kernelProfile } from "../../lib/mm/state/profile";
import { compareWithSnapshot } from "../../lib/trace/snapshot-compare";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { writeSnapshot } from "../../lib/trace/snapshot-write";
import { loadEngine } from "../laws/engine";
import { kernelShape, type MachineSpec } from "../laws/machine-spec";
import { Random } from "../laws/random";
import { randomMachine } from "../laws/random-plan";
import { KINDS } from "../laws/run-plan";
import { damagedText, type TextEdit, textEdits } from "./damage";
import { kindOf, mustBeRefusal, unlessRefused } from "./kind";

const engine = loadEngine();

interface SnapshotInput {
  machine: number;
  pages: { order: number; kind: number; free: boolean }[];
  edits: TextEdit[];
}

function machineOf(seed: number): MachineSpec {
  for (let n = seed; ; n++) {
    const spec = randomMachine(new Random(n));
    // Page blocks above the largest buddy have no place in the format.
    if (spec.pageblockOrder <= spec.maxOrder) return spec;
  }
}

/** The machine after its pages were taken and some of them given back. */
function memoryOf({ machine, pages }: SnapshotInput): { spec: MachineSpec; m: Memory } {
  const spec = machineOf(machine);
  const m = engine.bootMemory(kernelShape(spec));
  const taken: [number, number][] = [];
  for (const { order, kind } of pages) {
    const pfn = engine.allocPages(m, KINDS[kind]!.gfp, Math.min(order, spec.maxOrder));
    taken.push([pfn, Math.min(order, spec.maxOrder)]);
  }
  pages.forEach(({ free }, i) => {
    const [pfn, order] = taken[i]!;
    if (free && pfn >= 0) engine.freePages(m, pfn, order);
  });
  return { spec, m };
}

const textOf = (input: SnapshotInput) => damagedText(writeSnapshot(memoryOf(input).m), input.edits);

export const SNAPSHOTS = kindOf<SnapshotInput>({
  name: "snapshots",
  inputs: fc.record({
    machine: fc.nat({ max: 100_000 }),
    pages: fc.array(
      fc.record({ order: fc.nat({ max: 10 }), kind: fc.nat({ max: KINDS.length - 1 }), free: fc.boolean() }),
      { maxLength: 60 },
    ),
    edits: textEdits,
  }),
  text: textOf,
  few: 60,
  holds: (input) => {
    const { spec, m } = memoryOf(input);
    const written = writeSnapshot(m);
    const text = damagedText(written, input.edits);
    const switches = kernelProfile(spec.release);
    const read = () => loadSnapshot(parseSnapshot(Buffer.from(text, "latin1"), "S0.txt"), switches);
    if (text !== written) {
      const loaded = unlessRefused(read);
      if (loaded !== undefined) again(loaded);
      return;
    }
    const snapshot = parseSnapshot(Buffer.from(text, "latin1"), "S0.txt");
    const loaded = loadSnapshot(snapshot, switches);
    const differences = compareWithSnapshot(loaded, snapshot);
    if (differences.length > 0)
      throw new Error(`the loaded machine differs: ${JSON.stringify(differences[0])}`);
    if (writeSnapshot(loaded, snapshot) !== written)
      throw new Error("loaded and written, it is another text");
  },
});

/** What was accepted can be written, and read again. */
function again(loaded: Memory): void {
  try {
    parseSnapshot(Buffer.from(writeSnapshot(loaded), "latin1"), "again.txt");
  } catch (error) {
    mustBeRefusal(error);
  }
}
