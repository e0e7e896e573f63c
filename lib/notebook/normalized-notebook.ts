/**
 * An executed notebook without the parts that differ from run to run by chance: times of execution, and the division of
 * printed text into pieces. Two runs of a deterministic notebook are then byte-equal.
 */

type Json = Record<string, unknown>;

/** Keys that front ends write into a cell's metadata about one run. */
const VOLATILE_CELL_METADATA = ["execution", "ExecuteTime", "scrolled", "collapsed"];
const VOLATILE_NOTEBOOK_METADATA = ["widgets", "signature"];

function without(object: unknown, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries((object ?? {}) as Json).filter(([key]) => !keys.includes(key)));
}

/** Text of a notebook may be one string or a list of lines. */
function joined(text: unknown): string {
  return Array.isArray(text) ? text.join("") : String(text);
}

function normalizedOutputs(outputs: readonly Json[]): Json[] {
  const result: Json[] = [];
  for (const output of outputs) {
    const last = result.at(-1);
    if (output.output_type !== "stream") result.push({ ...output });
    else if (last?.output_type === "stream" && last.name === output.name)
      last.text = joined(last.text) + joined(output.text);
    else result.push({ ...output, text: joined(output.text) });
  }
  return result;
}

/** A copy of a notebook of format 4 without its volatile parts; the order of all other things is kept. */
export function normalizedNotebook(notebook: unknown): unknown {
  const { cells, metadata, ...rest } = notebook as Json & { cells: Json[] };
  return {
    cells: cells.map((cell) => ({
      ...cell,
      metadata: without(cell.metadata, VOLATILE_CELL_METADATA),
      ...(Array.isArray(cell.outputs) ? { outputs: normalizedOutputs(cell.outputs) } : {}),
    })),
    metadata: without(metadata, VOLATILE_NOTEBOOK_METADATA),
    ...rest,
  };
}
