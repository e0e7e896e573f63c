/**
 * docs/claims.md says what the ranges of its last column leave out: machines to which no unmovable memory was added. A part of
 * that paragraph is run here, with fewer seeds: one wrong answer would show that it is out of date.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { compare } from "../../lib/fluent/compare";
import { machine } from "../../lib/fluent/machine";
import { strategies } from "../../lib/fluent/strategies";
import { workload } from "../../lib/fluent/workload";

const page = readFileSync(join(__dirname, "../../docs/claims.md"), "utf8").replace(/\s+/g, " ");

/** Pages of 1 GiB that a pool gave at run time, of two requested by two machines. */
async function granted(
  memory: string,
  duration: string,
  profile: "server" | "desktop" | "database",
  kernel: string,
): Promise<number> {
  const result = await compare(strategies.hugetlbRuntime())
    .on(machine("pc-x86-64").memory(memory).kernel(kernel))
    .workload(workload.uptime({ duration, profile }))
    .request({ size: "1GiB", who: "user", longtermPin: true })
    .seeds(2)
    .workers(1)
    .store("none")
    .run();
  return result.comparison.strategies[0]!.granted;
}

test("without added unmovable pages a page of 1 GiB is had after an hour, and after a week by what the machine did", async () => {
  assert.ok(
    page.includes("in 8 of 8 runs after an hour of use (8 GiB, server; 16 GiB, desktop; 32 GiB, database;"),
  );
  assert.ok(page.includes("and in 8 of 8 after a week as a database (16 GiB, 6.1)"));
  assert.equal(await granted("8GiB", "1 hour", "server", "4.17"), 2);
  assert.equal(await granted("16GiB", "1 hour", "desktop", "7.3"), 2);
  assert.equal(await granted("16GiB", "7 days", "database", "6.1"), 2);
  assert.equal(await granted("16GiB", "7 days", "server", "6.1"), 0);
});
