/** Stacks of whole numbers grow, and their pool returns them empty. */
import assert from "node:assert/strict";
import test from "node:test";
import { IntStack, IntStackPool } from "../../lib/base/int-stack";

test("pushed numbers stay in order beyond the first capacity", () => {
  const stack = new IntStack();
  for (let i = 0; i < 1000; i++) stack.push(3 * i);
  assert.equal(stack.length, 1000);
  for (let i = 0; i < 1000; i++) assert.equal(stack.at(i), 3 * i);
  for (let i = 999; i >= 500; i--) assert.equal(stack.pop(), 3 * i);
  assert.equal(stack.length, 500);
  stack.clear();
  assert.equal(stack.length, 0);
});

test("a pool reuses a stack, empty, but keeps no large ones", () => {
  const pool = new IntStackPool();
  const small = pool.take();
  small.push(1);
  pool.give(small);
  assert.equal(pool.take(), small);
  assert.equal(small.length, 0);
  for (let i = 0; i < 1 << 16; i++) small.push(i);
  pool.give(small);
  assert.notEqual(pool.take(), small);
});
