/** The engine of exported pages as the build made it, in a context that has nothing of Node.js. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { gunzipSync } from "node:zlib";

const ASSETS = join(__dirname, "../../dist/assets");

export const assetText = (name: string): string =>
  gunzipSync(Buffer.from(readFileSync(join(ASSETS, name), "utf8"), "base64")).toString("utf8");

/** A worker's program, and a function that asks it. Rejects with the line of a refusal. */
export function workerOf(asset: string): (ask: string, given?: unknown) => Promise<unknown> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const scope: Record<string, unknown> = {
    ...{ TextEncoder, performance, structuredClone },
    postMessage: (text: { id: number; value?: unknown; failed?: string }) => {
      const { resolve, reject } = waiting.get(text.id)!;
      // A message of a worker is a copy.
      if (text.failed !== undefined) reject(new Error(text.failed));
      else resolve(JSON.parse(JSON.stringify(text.value ?? null)));
    },
  };
  // As the policy of a page: no text becomes code.
  scope.self = scope;
  createContext(scope, { codeGeneration: { strings: false, wasm: false } });
  runInContext(assetText(asset), scope);
  let asked = 0;
  return (ask, given) =>
    new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, { resolve, reject });
      (scope.onmessage as (event: object) => void)({
        data: { id, ask, given: JSON.parse(JSON.stringify(given ?? {})) },
      });
    });
}
