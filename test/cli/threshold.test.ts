/** `pageblock compare … --threshold`: up to how much unmovable memory a search finds its range. */
import assert from "node:assert/strict";
import test from "node:test";
import { pageblock } from "../support/cli";

const WHAT = ["compare", "rdma-2gb", "--board", "pc-x86-64", "--memory", "1GiB", "--size", "64MiB"];
const HOW = ["--seeds", "2", "--store", "none", "--workers", "1"];

test("compare --threshold prints counts by share, and the thresholds in words", () => {
  const { status, stdout, stderr } = pageblock([...WHAT, ...HOW, "--threshold"]);
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split("\n");
  assert.match(lines[0]!, /^alloc-contig-pages: 64 MiB on a host fresh from boot, with page blocks spoiled$/);
  assert.match(lines[1]!, /^pc-x86-64, 1 GiB, pages of 4 KiB, Linux \d[\d.]*; varied: /);
  assert.match(lines[2]!, /^workload: scatter-unmovable .*; asked 1 × 64 MiB$/);
  assert.match(lines[3]!, /^plans sweep [0-9a-f]{64}, sweep [0-9a-f]{64}, sweep [0-9a-f]{64}$/);
  assert.match(lines[5]!, /^one by one +0 % +2 of 2 +100\.0 \(34\.2 to 100\.0\) +100\.0$/);
  assert.equal(
    lines.filter((line) => / of 2 /.test(line)).length,
    27,
    "three sizes of place, nine shares each",
  );
  assert.match(
    stdout,
    /^alloc-contig-pages finds 64 MiB on half of the machines, if spoiled page blocks lie/m,
  );
  assert.match(stdout, /^Closed form of independent places, computed and not tested: /m);
});

test("compare --threshold takes another strategy of the comparison, and prints JSON", () => {
  const { stdout, stderr } = pageblock([...WHAT, ...HOW, "--threshold", "map-contig", "--json"]);
  const { asked, rows, plans } = JSON.parse(stdout || stderr);
  assert.deepEqual(
    plans.map(({ kind }: { kind: string }) => kind),
    ["sweep", "sweep", "sweep"],
  );
  assert.deepEqual([asked.of, asked.bytes, asked.seeds], ["map-contig", 2 ** 26, 2]);
  assert.deepEqual(
    rows.map(({ run }: { run: number }) => run),
    [1, 16, 128],
  );
  const unknown = pageblock([...WHAT, ...HOW, "--threshold", "camera"]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /^pageblock: threshold: strategy: unknown name "camera": known are [^\n]*\n$/);
});
