/** `pageblock results --by`: runs of a changed kernel are not pooled with those of the kernel that it started from. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { canonicalJson } from "../../lib/base/canonical-json";
import { change } from "../../lib/change/change";
import { exportResults, queryResults } from "../../lib/experiment/results";
import { runToText } from "../../lib/experiment/run-text";
import { Store } from "../../lib/experiment/store";
import { type Plan, parsePlan, planHash } from "../../lib/plan/run";
import "../support/clean-environment";
import { pageblock } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "pageblock-results-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const both = change({ name: "tail, no boost", listEnd: () => "tail", watermarkBoost: () => 0 });
const other = change({ name: "head", listEnd: () => "head" });
const plan = (more: object, seed: number): Plan =>
  parsePlan({
    machine: { board: "qemu-virt", memory: "256MiB", kernel: "6.1", ...more },
    strategy: "buddy",
    request: { size: "1MiB", times: 2 },
    seed,
  } as never);

async function stored(name: string, plans: readonly Plan[]): Promise<string> {
  const path = join(folder, name);
  const store = await Store.open(path);
  await store.put(plans.map((one) => ({ ...runToText(one), hash: planHash(one), plan: canonicalJson(one) })));
  await store.close();
  return path;
}
const by = (store: string, columns: string) =>
  JSON.parse(pageblock(["results", "--json", "--by", columns, "--store", store], folder).stdout);
const words = ({ name, sha256 }: { name: string; sha256: string }) => `${name} (${sha256.slice(0, 12)})`;

test("--by machine_kernel: a line for the release as it is, and one for each change, by name and hash", async () => {
  const part = { ...both.toJSON(), points: ["listEnd"] };
  const store = await stored("changes.duckdb", [
    ...[1, 2, 3].map((seed) => plan({}, seed)),
    ...[1, 2].map((seed) => plan({ change: both.toJSON() }, seed)),
    plan({ change: other.toJSON() }, 1),
    plan({ change: part }, 1),
  ]);
  const rows = by(store, "machine_kernel");
  assert.deepEqual(
    rows.map((row: Record<string, unknown>) => [row.machine_kernel, row.change, row.runs]),
    [
      ["6.1", words(other), 1],
      ["6.1", words(both), 2],
      ["6.1", `${words(both)} ["listEnd"]`, 1],
      ["6.1", "none", 3],
    ].sort((a, b) => (String(a[1]) < String(b[1]) ? -1 : 1)),
  );
  assert.deepEqual(by(store, "change").length, 4);
  const text = pageblock(["results", "--by", "machine_kernel", "--store", store], folder).stdout;
  assert.match(text, /^machine_kernel +change +runs +asked/);
  const sql = await queryResults(
    { store },
    "select change, count(*) as n from runs group by 1 order by n desc",
  );
  assert.deepEqual(sql[0], { change: null, n: 3 });
});

test("a store without changes has no such column, and its table is as it was", async () => {
  const store = await stored("stock.duckdb", [plan({}, 1), plan({ kernel: "6.12" }, 1)]);
  const rows = by(store, "machine_kernel");
  assert.deepEqual(Object.keys(rows[0]), ["machine_kernel", "runs", "asked", "granted", "granted %"]);
  assert.equal(rows.length, 2);
  await exportResults({ store }, join(folder, "runs.csv"), "csv");
});
