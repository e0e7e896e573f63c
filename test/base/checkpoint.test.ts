/** A checkpoint restores a graph of objects, including identities, and reports what had changed. */
import assert from "node:assert/strict";
import test from "node:test";
import { Checkpoint } from "../../lib/base/checkpoint";

class Part {
  column = new Int32Array([1, 2, 3]);
  list: unknown[] = [1, { deep: new Uint8Array([7]) }];
  map = new Map<string, { n: number }>([["a", { n: 1 }]]);
  set = new Set([1, 2]);
  none: Part | null = null;
  extra?: number;
}

test("everything reachable is restored, and identities stay", () => {
  const part = new Part();
  const { column, list, map, set } = part;
  const deep = list[1] as { deep: Uint8Array };
  const checkpoint = new Checkpoint({ part });
  assert.deepEqual(checkpoint.changes(), []);
  column[0] = 9;
  deep.deep[0] = 8;
  map.get("a")!.n = 5;
  map.set("b", { n: 2 });
  set.delete(1);
  set.add(3);
  list.push(4);
  list[0] = 2;
  part.none = new Part();
  part.extra = 1;
  part.column = new Int32Array(8);
  assert.equal(checkpoint.changes().length, 9);
  checkpoint.restore();
  assert.deepEqual(checkpoint.changes(), []);
  assert.deepEqual(part, new Part());
  assert.equal(part.column, column);
  assert.equal(part.list[1], deep);
  assert.equal(part.map, map);
  assert.equal(part.extra, undefined);
});

test("fields added later are removed again, in cycles too", () => {
  const a: Record<string, unknown> = { x: 1 };
  a.self = a;
  const checkpoint = new Checkpoint(a);
  a.later = 1;
  delete a.x;
  assert.deepEqual(checkpoint.changes(), ["Object.later is new", "Object.x"]);
  checkpoint.restore();
  assert.deepEqual(Object.keys(a).sort(), ["self", "x"]);
});

test("the next checkpoint reuses a released one's memory and has its own contents", () => {
  const big = new Uint8Array(1 << 17).fill(1);
  new Checkpoint({ big }).release();
  const checkpoint = new Checkpoint({ big });
  big.fill(2);
  checkpoint.restore();
  assert.ok(big.every((x) => x === 1));
});

test("objects that cannot be saved are refused", () => {
  assert.throws(() => new Checkpoint({ weak: new WeakMap() }), /a WeakMap cannot be kept/);
});
