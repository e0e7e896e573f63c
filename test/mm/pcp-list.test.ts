/** The ring of a per-CPU list against a plain array, through growth and round its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../lib/base/random";
import { PcpList } from "../../lib/mm/state/pcp-list";

test("a per-CPU list gives what an array gives", () => {
  const random = new Random(7);
  const list = new PcpList();
  const pages: number[] = [];
  for (let pfn = 1; pfn < 5000; pfn++) {
    const which = random.below(pages.length === 0 ? 2 : 6);
    if (which === 0 || which === 4) {
      list.addHead(pfn);
      pages.unshift(pfn);
    } else if (which === 1 || which === 5) {
      list.addTail(pfn);
      pages.push(pfn);
    } else if (which === 2) assert.equal(list.takeHead(), pages.shift());
    else assert.equal(list.takeTail(), pages.pop());
  }
  assert.ok(pages.length > 64, "the ring has grown");
  assert.deepEqual(list.toArray(), pages);
  assert.equal(list.remove(pages[40]!), true);
  assert.equal(list.remove(pages[40]!), false);
  pages.splice(40, 1);
  assert.deepEqual(list.toArray(), pages);
});
