/** kswapd starts exactly as many requests after it was woken as the machine's option says. */
import assert from "node:assert/strict";
import test from "node:test";
import { System } from "../../lib/machine/system";

/** Requests from the one that wakes kswapd to the one at which it works; a machine full of clean file pages. */
function requestsUntilItWorks(kswapdLag: number): number {
  const s = System.boot({ board: "pc-x86-64", memoryBytes: 2 ** 28 }, { kswapdLag });
  let woken = -1;
  const help = s.memory.help!;
  const wake = help.wakeKswapd.bind(help);
  let requests = 0;
  help.wakeKswapd = (...args) => {
    if (woken < 0) woken = requests;
    wake(...args);
  };
  while (s.memory.counters.pageoutrun === 0 && requests < 1e6) {
    requests++;
    assert.ok(s.alloc("fileClean") >= 0);
  }
  return requests - woken;
}

test("with a lag of n requests, kswapd works at the n-th after it was woken; without a lag, at once", () => {
  assert.equal(requestsUntilItWorks(0), 0);
  assert.equal(requestsUntilItWorks(1), 1);
  assert.equal(requestsUntilItWorks(100), 100);
});

test("a lag that is not a number of requests is refused", () => {
  for (const kswapdLag of [-1, 0.5, 2 ** 21])
    assert.throws(
      () => System.boot({ board: "pc-x86-64", memoryBytes: 2 ** 28 }, { kswapdLag }),
      new RegExp(`kswapdLag: must be a whole number from 0 to 1048576: got ${kswapdLag}`),
    );
});
