/** Recordings of this project as ftrace text: what is read of them, and how near a replay on counts comes to their end. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { pagetypeinfoText } from "../../../lib/mm/reports/pagetypeinfo";
import { kernelProfile } from "../../../lib/mm/state/profile";
import { replayTrace } from "../../../lib/trace/ftrace/replay-trace";
import { findInput, readInput } from "../../../lib/trace/input";
import { loadSnapshot } from "../../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../../lib/trace/snapshot-parse";
import { FIXTURES } from "../../support/cli";
import { ftraceText } from "../../support/ftrace-text";

const recorded = (name: string, file: string) =>
  readInput(findInput(join(FIXTURES, "x86-6.1", name), `${file}.txt`)!);

/** The files of a recording as somebody has them who recorded with ftrace. */
function asFtrace(t: { after(fn: () => void): void }, name: string, only?: readonly string[]) {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const records = recorded(name, "trace").toString("latin1");
  const { text, counts } = ftraceText(records, only);
  const trace = join(dir, "trace.txt");
  writeFileSync(trace, text);
  const types = (at: string) => {
    const file = join(dir, `pagetypeinfo.${at}`);
    const memory = loadSnapshot(parseSnapshot(recorded(name, at), at), kernelProfile("6.1"));
    writeFileSync(file, pagetypeinfoText(memory, memory.zones, "6.1"));
    return file;
  };
  const zoneinfo = join(FIXTURES, "x86-6.1", name, "zoneinfo.s0");
  return { trace, records, counts, before: [types("S0"), zoneinfo], after: [types("S1")] };
}

test("w1-files: pages as its records say, and a replay on counts that ends near the recorded end", async (t) => {
  const { trace, records, counts, before, after } = asFtrace(t, "w1-files");
  const { trace: told, replay } = await replayTrace([trace], { before, after, release: "6.1" });
  const of = (word: string) => counts.get(word) ?? 0;
  let pages = 0;
  for (const line of records.split("\n")) if (line.startsWith("A ")) pages += 2 ** Number(line.split(" ")[2]);
  assert.equal(told.pages.allocated.requests, of("A"));
  assert.equal(told.pages.allocated.pages, pages);
  assert.equal(told.pages.freed.records, of("F"));
  assert.equal(told.pages.freed.duplicates, of("B"));
  assert.equal(
    told.pages.perCpu.refilled + told.pages.perCpu.fromLists,
    told.events.mm_page_alloc_zone_locked! + extra(records),
  );
  assert.deepEqual([told.pages.freesMissed, told.pages.allocationsMissed, told.lines.malformed], [0, 0, 0]);
  assert.equal(replay!.served.model, of("A"));
  assert.ok(replay!.sameZone / of("A") > 0.99, `${replay!.sameZone} of ${of("A")} from the recorded zone`);
  assert.ok(replay!.agreement! > 0.99, `agreement ${replay!.agreement}`);
  assert.ok(replay!.agreement! > replay!.agreementOfBefore!);
  const again = await replayTrace([trace], { before, after, release: "6.1" });
  assert.deepEqual(again.replay, replay);
});

/** Pages beyond one of each record taken from the lists. */
function extra(records: string): number {
  let pages = 0;
  for (const line of records.split("\n"))
    if (line.startsWith("Z ")) pages += 2 ** Number(line.split(" ")[2]) - 1;
  return pages;
}

test("w2d-fragdeep: every recorded fallback keeps the model's rule, by kind as recorded", async (t) => {
  const { trace, records, counts } = asFtrace(t, "w2d-fragdeep", ["X"]);
  const { fallbacks } = (await replayTrace([trace])).trace;
  const kinds = { wholeBlocks: 0, claims: 0, homes: 0, steals: 0 };
  for (const line of records.split("\n")) {
    if (!line.startsWith("X ")) continue;
    const [, , , found, type, , owned] = line.split(" ").map(Number);
    // can_steal_fallback() of 6.1: half a page block or more, or any request that may not move (movable is 1).
    const may = found! >= 4 || type !== 1;
    kinds[found! >= 9 ? "wholeBlocks" : owned !== 1 ? "steals" : may ? "claims" : "homes"]++;
  }
  assert.equal(fallbacks.records, counts.get("X"));
  const { wholeBlocks, claims, homes, steals } = fallbacks;
  assert.deepEqual({ wholeBlocks, claims, homes, steals }, kinds);
  assert.deepEqual(fallbacks.againstRule, {});
});
