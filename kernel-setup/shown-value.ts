/** What a front end shows for a value. */
import { inspect, types } from "node:util";
import { wellFormed } from "./well-formed";

/**
 * What pageblock leaves for the kernel: the bundle of a figure; undefined for any other value (lib/notebook/show.ts).
 */
type FigureDoor = Record<symbol, ((value: unknown) => Record<string, unknown> | undefined) | undefined>;

/**
 * What a front end shows for a cell's last value: the value's own bundle if it has a method
 * `[Symbol.for("Jupyter.display")]` (the convention of Deno's kernel) that returns `{mime type: data}` or `{data,
 * metadata}`; a figure as pageblock draws it, if the cell loaded pageblock; otherwise text, as Node's console shows it.
 */
export async function bundleOf(value: unknown): Promise<Bundle> {
  if (!types.isProxy(value)) return drawnAs(value);
  // What a proxy answers is up to it: one that answers no bundle, or throws, is shown as what it stands for.
  return drawnAs(value).catch(() => asText(value));
}

interface Bundle {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

const asText = (value: unknown): Bundle => ({
  ...{ data: { "text/plain": wellFormed(inspect(value)) }, metadata: {} },
});

async function drawnAs(value: unknown): Promise<Bundle> {
  const method = (value as Record<symbol, unknown> | null | undefined)?.[Symbol.for("Jupyter.display")];
  if (typeof method === "function") {
    const shown = await method.call(value);
    if (typeof shown !== "object" || shown === null)
      throw new TypeError(`Jupyter.display: must return an object of MIME types: got ${inspect(shown)}`);
    const whole = "data" in shown && typeof shown.data === "object" && shown.data !== null;
    return whole ? { data: shown.data, metadata: shown.metadata ?? {} } : { data: shown, metadata: {} };
  }
  return { data: plainBundle(value), metadata: {} };
}

/** The bundle of a value that has no method of its own for it. */
export function plainBundle(value: unknown): Record<string, unknown> {
  const drawn = (globalThis as unknown as FigureDoor)[Symbol.for("pageblock.figure")]?.(value);
  return drawn ?? asText(value).data;
}
