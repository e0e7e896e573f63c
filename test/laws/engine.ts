/**
 * The engine under test, loaded from a folder: the house's own `lib`, or a copy of it with a defect planted.
 */
import { join, resolve } from "node:path";

type Module<T extends string> = T extends "boot-memory"
  ? typeof import("../../lib/mm/boot-memory")
  : T extends "page-alloc"
    ? typeof import("../../lib/mm/page-alloc")
    : T extends "pcp-free"
      ? typeof import("../../lib/mm/pcp-free")
      : T extends "highatomic"
        ? typeof import("../../lib/mm/highatomic")
        : T extends "isolate-free-page"
          ? typeof import("../../lib/mm/isolate-free-page")
          : T extends "free-one-page"
            ? typeof import("../../lib/mm/free-one-page")
            : T extends "free-area"
              ? typeof import("../../lib/mm/free-area")
              : T extends "vmstat"
                ? typeof import("../../lib/mm/vmstat")
                : T extends "validate"
                  ? typeof import("../../lib/mm/validate")
                  : never;

export const LIB = resolve(__dirname, "../../lib");

export function loadEngine(lib = LIB) {
  const load = <T extends string>(name: T): Module<T> => require(join(lib, "mm", `${name}.ts`)) as Module<T>;
  return {
    ...load("boot-memory"),
    ...load("page-alloc"),
    ...load("pcp-free"),
    ...load("highatomic"),
    ...load("isolate-free-page"),
    ...load("free-one-page"),
    ...load("free-area"),
    ...load("vmstat"),
    ...load("validate"),
  };
}

export type Engine = ReturnType<typeof loadEngine>;
