/**
 * The example of docs/scorecard.md is what its command prints today. After a change on purpose:
 * `UPDATE_TABLES=1 node test/run.mjs docs/scorecard`.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { aligned } from "../../lib/base/aligned";
import { scenario } from "../../lib/experiment/scenarios";
import { scorecardHere } from "../../lib/experiment/scorecard";
import { SCORECARD_HEAD, scorecardCells, scorecardNotes } from "../../lib/experiment/scorecard-text";
import { parseHardware } from "../../lib/plan/scorecard";

const PATH = resolve(__dirname, "../../docs/scorecard.md");
const MARKED = /<!-- example -->\n([\s\S]*?)\n?<!-- end -->/;
const COMMAND =
  'pageblock compare rdma-2gb --board pc-x86-64 --memory 4GiB --size 1GiB --uptime "2 hours" --seeds 2 --adapter connectx-4 --cpu haswell';

test("docs/scorecard.md: the example is what its command prints", () => {
  const spec = scenario("rdma-2gb", {
    board: "pc-x86-64",
    memory: "4GiB",
    size: "1GiB",
    uptime: "2 hours",
    seeds: 2,
  });
  const card = scorecardHere("rdma-2gb", spec, parseHardware({ adapter: "connectx-4", cpu: "haswell" }));
  const table = aligned([SCORECARD_HEAD, ...card.strategies.map(scorecardCells)]);
  const example = ["```text", `$ ${COMMAND}`, table, ...scorecardNotes(card), "```"].join("\n");
  if (process.env.UPDATE_TABLES) {
    const page = readFileSync(PATH, "utf8");
    writeFileSync(
      PATH,
      page.replace(MARKED, () => `<!-- example -->\n${example}\n<!-- end -->`),
    );
  }
  assert.equal(MARKED.exec(readFileSync(PATH, "utf8"))?.[1], example);
});
