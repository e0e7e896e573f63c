/** Keys that reach a prototype, objects in place of hashes, and tables of 100 MB: refused with their place, wherever JSON comes in. */
import assert from "node:assert/strict";
import { rmSync, truncateSync } from "node:fs";
import test, { after } from "node:test";
import "../support/clean-environment";
import { InputError } from "../../lib/base/errors";
import { HARMFUL_KEYS } from "../../lib/base/harmful-keys";
import { readPerformance } from "../../lib/bench/performance";
import { runOf } from "../../lib/chart/run";
import { expandSweep } from "../../lib/experiment/sweep";
import { MachineDescription } from "../../lib/fluent/machine";
import { Engine } from "../../lib/page/engine";
import { parsePlan } from "../../lib/plan/run";
import { parseSweep } from "../../lib/plan/sweep";
import { runPlan } from "../../lib/report/plan-kinds";
import { RUNS_MIME } from "../../lib/report/runs";
import { readStoredWriteUp } from "../../lib/report/stored-write-up";
import { parsedJson } from "../../lib/reproduce/machine-side";
import { parsePlanText } from "../../lib/schema/plan-file";
import { readCsvTable } from "../../lib/trace/csv-table";
import { readMachineSnapshot } from "../../lib/trace/machine-snapshot";
import { code, notebook, shown } from "../support/notebooks";
import { dir, fileOf } from "./inputs";

after(() => rmSync(dir, { recursive: true, force: true }));

const RUN = {
  machine: { board: "qemu-virt", memory: "256MiB" },
  strategy: { name: "buddy" },
  request: { size: "4KiB" },
};
const refusedAt = (place: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InputError, String(error));
  assert.match(error.message, place);
  return true;
};

/** The text of `value` with the word KEY in place of a key. */
const keyed = (value: unknown, key: string) => JSON.stringify(value).replaceAll("KEY", key);
let made = 0;
const written = (ending: string, text: string) => fileOf(`keys-${++made}${ending}`, text);

for (const key of HARMFUL_KEYS as ReadonlySet<string>) {
  test(`${key}: in a plan, its parts, a sweep and a list of settings`, () => {
    for (const where of ["plan", "machine", "strategy", "request"]) {
      const plan: Record<string, unknown> =
        where === "plan"
          ? { ...RUN, KEY: 1 }
          : { ...RUN, [where]: { ...RUN[where as keyof typeof RUN], KEY: 1 } };
      const text = keyed(plan, key);
      assert.throws(() => parsePlan(JSON.parse(text)), refusedAt(new RegExp(`${key}`)), where);
      assert.throws(
        () => parsePlanText(`\n${text}`, "p.json"),
        refusedAt(new RegExp(`^p\\.json:2: no key may be named ${key}$`)),
      );
    }
    const sweep = JSON.parse(keyed({ plan: RUN, over: { KEY: [1] } }, key));
    assert.throws(
      () => expandSweep(parseSweep(sweep)),
      refusedAt(new RegExp(`${key}: no key may be named ${key}$`)),
    );
    const within = JSON.parse(keyed({ plan: RUN, over: { "machine.KEY.x": [1] } }, key));
    assert.throws(
      () => expandSweep(parseSweep(within)),
      refusedAt(/over\.machine\..*: is no field of a plan$/),
    );
  });

  test(`${key}: as the name of a board, a strategy, a workload, a kernel and a kind of plan`, async () => {
    assert.throws(
      () => new MachineDescription({ board: key } as never).boot(),
      refusedAt(/board.*unknown name/),
    );
    for (const plan of [
      { ...RUN, strategy: { name: key } },
      { ...RUN, workload: { kind: key } },
      { ...RUN, machine: { ...RUN.machine, kernel: key } },
    ])
      assert.throws(() => parsePlan(plan), refusedAt(/./));
    await assert.rejects(runPlan({ ...RUN, kind: key }), refusedAt(/kind must be one of/));
    await assert.rejects(new Engine(() => 0).answer(key, {}), refusedAt(/unknown name/));
    await assert.rejects(new Engine(() => 0).answer("figure", { name: key }), refusedAt(/unknown name/));
  });

  test(`${key}: in a snapshot, a notebook, results of a machine and entries of performance, with the place`, () => {
    const snapshot = { format: "pageblock-snapshot", version: 1, sysctls: { KEY: "1" } };
    assert.throws(() => readMachineSnapshot(written(".json", keyed(snapshot, key))), refusedAt(/: /));
    const stored = notebook(code("x", shown({ [RUNS_MIME]: { runs: [{ plan: { a: [{ KEY: 1 }] } }] } })));
    const place = new RegExp(
      `cells\\[0\\]\\.outputs\\[0\\]\\.data\\..*runs\\[0\\]\\.plan\\.a\\[0\\]: no key may be named ${key}$`,
    );
    assert.throws(() => readStoredWriteUp(written(".ipynb", keyed(stored, key))), refusedAt(place));
    assert.throws(
      () => parsedJson(written(".json", keyed({ steps: [{ KEY: 1 }] }, key))),
      refusedAt(new RegExp(`\\.json: steps\\[0\\]: no key may be named ${key}$`)),
    );
    const entries = { format: 1, entries: [{ figures: { KEY: { ratio: 1 } } }] };
    assert.throws(
      () => readPerformance(written(".json", keyed(entries, key))),
      refusedAt(/entries\[0\]\.figures: no key may be named/),
    );
  });
}

test("objects in place of hashes in stored results are refused with their place", () => {
  const run = runOf({ kernel: "6.1", seed: 7 }, { answer: 42 });
  for (const sha256 of [{ toString: 1 }, { toString: {} }, [], 7, null]) {
    const stored = notebook(
      code("x", shown({ "text/plain": "x", [RUNS_MIME]: { runs: [run, { ...run, sha256 }] } })),
    );
    assert.throws(
      () => readStoredWriteUp(written(".ipynb", JSON.stringify(stored))),
      refusedAt(/runs\[1\]\.sha256: must be text: got /),
      JSON.stringify(sha256),
    );
  }
});

test("a table of 100 MB is refused by its size, before it is read", () => {
  const path = written(".csv", "a,b\n1,2\n");
  truncateSync(path, 100 * 2 ** 20);
  assert.throws(
    () => readCsvTable(path),
    refusedAt(/\.csv: a file of at most 32 MiB can be read: got 100 MiB$/),
  );
});

test("messages have at most 500 characters and no control characters, whatever they quote", () => {
  const { message } = new InputError(
    `x.yaml:3: unknown field "\u001b[2J\u0007${"\u0000".repeat(5000)}": got 1`,
  );
  assert.ok(message.length <= 500, `${message.length}`);
  assert.doesNotMatch(message, /(?!\n)\p{Cc}/u);
  assert.match(message, /^x\.yaml:3: unknown field "\\x1b\[2J\\x07/);
});
