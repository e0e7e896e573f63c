/**
 * Promises and timers are shown as Node's console shows them. To follow asynchronous contexts, Node 20 and 22 keep what they follow in
 * properties of each promise and timer, and would show these too, with the request of the cell in them.
 */
import { inspect } from "node:util";

const KEPT = /^Symbol\((?:async_id_symbol|trigger_async_id_symbol|kResourceStore)\)$/;

function hide(value: object): void {
  for (const key of Object.getOwnPropertySymbols(value))
    if (KEPT.test(String(key)) && Object.getOwnPropertyDescriptor(value, key)?.configurable)
      Object.defineProperty(value, key, { enumerable: false });
}

type Inspects = (this: object, ...args: unknown[]) => unknown;

/** Called once, before any cell. A value whose own method returns the value is shown in Node's way. */
export function showPromisesPlainly(): void {
  const timer = setTimeout(() => {}, 0);
  const immediate = setImmediate(() => {});
  clearTimeout(timer);
  clearImmediate(immediate);
  for (const { prototype } of [Promise, timer.constructor, immediate.constructor]) {
    const own = prototype[inspect.custom] as Inspects | undefined;
    const value = function (this: object, ...args: unknown[]): unknown {
      hide(this);
      return own === undefined ? this : own.apply(this, args);
    };
    Object.defineProperty(prototype, inspect.custom, { value, configurable: true, writable: true });
  }
}
