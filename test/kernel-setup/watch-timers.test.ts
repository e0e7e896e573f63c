/** Timers of TypeScript's watch mode share the one that tslab keeps. */
import assert from "node:assert/strict";
import test from "node:test";
import { shareOneTimer, type TimerHost } from "../../kernel-setup/watch-timers";

/** tslab's rule: one timer, called when a cell is compiled; a second one throws. */
function hostOfTslab() {
  let only: (() => void) | null = null;
  const host: TimerHost = {
    setTimeout(callback) {
      if (only !== null) throw new Error("Unexpected pending rebuildTimer");
      only = () => {
        callback();
        only = null;
      };
      return only;
    },
    clearTimeout() {
      throw new Error("clearing unexpected timer");
    },
  };
  return {
    host,
    compile() {
      assert.ok(only !== null, "rebuildTimer is not set properly");
      only();
    },
  };
}

test("several timers are pending at a time, and all run when a cell is compiled", () => {
  const { host, compile } = hostOfTslab();
  shareOneTimer(host);
  const ran: string[] = [];
  host.setTimeout!(() => ran.push("look for modules again"), 1000);
  const first = host.setTimeout!(() => ran.push("never"), 250);
  host.clearTimeout!(first);
  host.setTimeout!((word: unknown) => ran.push(String(word)), 250, "rebuild");
  assert.deepEqual(ran, [], "nothing runs between cells");
  compile();
  assert.deepEqual(ran, ["look for modules again", "rebuild"]);
});

test("a timer that a callback sets runs before the cell is compiled, and the next cell has a timer of its own", () => {
  const { host, compile } = hostOfTslab();
  shareOneTimer(host);
  const ran: string[] = [];
  host.setTimeout!(() => {
    ran.push("look for modules again");
    host.setTimeout!(() => ran.push("rebuild"), 250);
  }, 1000);
  compile();
  assert.deepEqual(ran, ["look for modules again", "rebuild"]);
  host.setTimeout!(() => ran.push("next cell"), 250);
  compile();
  assert.equal(ran.at(-1), "next cell");
});
