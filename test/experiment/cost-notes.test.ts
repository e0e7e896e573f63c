/** What modelled times rest on is shown with results, for every page size that a comparison has. */
import assert from "node:assert/strict";
import test from "node:test";
import { compare, experiment, machine, strategies } from "../../lib";
import { costNotes } from "../../lib/experiment/cost-notes";
import { DISPLAY } from "../../lib/notebook/display";

const pi = machine("raspberry-pi-4").pageSize("64K").memory("1GiB");

test("a comparison of kernels with pages of 64 and 4 KiB shows the costs of both, a run those of its own", async () => {
  const result = await compare(strategies.buddy(), strategies.cma4k({ area: "64MiB" }))
    .on(pi)
    .request({ size: "4MiB" })
    .seeds(1)
    .run();
  const shown = String(result[DISPLAY]()["text/plain"]);
  assert.match(shown, /on raspberry-pi-4 moving a page of 64 KiB takes 26\.3 µs \(copied at 2\.76 GB\/s\)/);
  assert.match(shown, /on raspberry-pi-4 moving a page of 4 KiB takes 4\.08 µs/);
  const one = experiment({ machine: pi, strategy: strategies.buddy(), request: { size: "4MiB" }, seed: 1 });
  assert.match(String(one[DISPLAY]()["text/plain"]), /what it rests on .*moving a page of 64 KiB/);
});

test("a figure that the plan gives is shown as given, and a strategy that a board cannot have is passed over", () => {
  const request = { bytes: 4096 };
  const [given] = costNotes({
    machine: { board: "pc-x86-64" },
    request,
    costs: { migratePage: 9000 },
    strategies: [{ name: "buddy" }],
  });
  assert.match(given!, /moving a page of 4 KiB takes 9 µs, writing/);
});
