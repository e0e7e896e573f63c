import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../lib/base/errors";
import { REPORTS_MOST } from "../../lib/explain/read-texts";
import { LINES_MOST } from "../../lib/explain/text-lines";
import { explain } from "../../lib/fluent/explanation";
import { FLOODS } from "./floods";

const LINES = 1000;
/** Four times the lines take four times the time; sixteen times if every line looks at all others. */
const TIMES = 4;
const RATIO_MOST = 7.5;
/** Below it the collector of garbage and the compiler decide. */
const MS_LEAST = 40;
const TRIES = 3;

function cpuMs(what: () => void): number {
  const from = process.cpuUsage();
  what();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

function answer(text: string): void {
  const why = explain(text);
  assert.ok(why.text().length > 0);
  assert.ok(JSON.stringify(why).length > 0);
}

for (const [name, flood] of Object.entries(FLOODS))
  test(`a flood takes time that grows with its length: ${name}`, () => {
    const [few, many] = [flood(LINES), flood(TIMES * LINES)];
    answer(few);
    const ratios: number[] = [];
    while (ratios.length < TRIES && !(ratios.at(-1)! <= RATIO_MOST)) {
      const [short, long] = [cpuMs(() => answer(few)), cpuMs(() => answer(many))];
      ratios.push(Math.max(long, MS_LEAST) / Math.max(short, MS_LEAST));
    }
    assert.ok(ratios.at(-1)! <= RATIO_MOST, `times: ${ratios.map((ratio) => ratio.toFixed(1)).join(", ")}`);
  });

test("no list of 200,000 numbers is spread over the stack", () => {
  const requests = FLOODS["cma_alloc of one size"]!(200_000);
  assert.equal(explain(requests).reports.length, 1);
  const dumps = Array.from({ length: 200_000 }, () => " memory.cnt  = 0x1").join("\n");
  const boot = `${dumps}\n memory[0x0]\t[0x0000000080000000-0x00000000bfffffff], 0x40000000 bytes flags: 0x0\ncma: Failed to reserve 64 MiB`;
  assert.ok(explain(boot).reports.some(({ kind }) => kind === "cma-reservation"));
});

test("what lies behind the last report that is read is named", () => {
  const line = (i: number) => `Out of memory: Killed process ${i + 1} (task${i})`;
  const text = Array.from({ length: REPORTS_MOST + 5 }, (_, i) => line(i)).join("\n");
  const why = explain({ name: "log", text });
  assert.equal(why.reports.length, REPORTS_MOST);
  const [first, last] = [REPORTS_MOST + 1, REPORTS_MOST + 5];
  assert.deepEqual(why.skipped, [
    { name: "log", why: `lines ${first} to ${last}: only the first ${REPORTS_MOST} reports are read` },
  ]);
  assert.deepEqual(why.toJSON().passedOver, [{ source: "log", first, last }]);
  const all = explain({ name: "log", text: text.split("\n").slice(0, REPORTS_MOST).join("\n") });
  assert.deepEqual(all.skipped, []);
});

test("a text has two million lines at most, and empty ones beside each other count once", () => {
  assert.equal(explain("\n".repeat(3 * LINES_MOST)).reports.length, 0);
  assert.throws(
    () => explain({ name: "log", text: "a\n".repeat(LINES_MOST + 2) }),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.equal(
        error.message,
        `log:${LINES_MOST + 1}: a text of at most ${LINES_MOST} lines can be read: this is one more`,
      );
      return true;
    },
  );
});

test("sentences of one kind are told once each, and the rest is counted", () => {
  const text = FLOODS["cma areas that failed"]!(500);
  const [report] = explain(text).reports;
  // Sizes of 1 to 500 MiB: sixteen lines in words, and one that counts the others.
  assert.equal(report!.verdict.filter((sentence) => sentence.startsWith("No room was found")).length, 16);
  assert.ok(report!.verdict.includes("484 more lines of this kind follow."));
});
