/** Reads Jupyter notebooks of format 4, strictly enough to make a write-up of them. */
import { z } from "zod";
import { at, InputError } from "../base/errors";
import { safeJson } from "./safe-json";

/** nbformat writes long text as one string or as a list of lines. */
const text = z
  .union([z.string(), z.array(z.string())])
  .transform((t) => (typeof t === "string" ? t : t.join("")));
const bundle = z.record(z.string(), z.unknown());

const output = z.discriminatedUnion("output_type", [
  z.object({ output_type: z.literal("stream"), name: z.string(), text }),
  z.object({ output_type: z.literal("display_data"), data: bundle }),
  z.object({ output_type: z.literal("execute_result"), data: bundle }),
  z.object({
    output_type: z.literal("error"),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
]);

/** Of a cell's metadata only its tags are read. */
const cellMetadata = z
  .object({ tags: z.array(z.string()).optional().catch(undefined) })
  .optional()
  .catch(undefined);

const cell = z.discriminatedUnion("cell_type", [
  z.object({
    cell_type: z.literal("markdown"),
    source: text,
    metadata: cellMetadata,
    attachments: z.record(z.string(), bundle).optional(),
  }),
  z.object({ cell_type: z.literal("raw"), source: text, metadata: cellMetadata }),
  z.object({
    cell_type: z.literal("code"),
    source: text,
    metadata: cellMetadata,
    execution_count: z.number().nullable(),
    outputs: z.array(output),
  }),
]);

/** A part of a citation, given as text or as a number. */
const word = z
  .union([z.string(), z.number()])
  .transform((t) => String(t).replace(/\s+/g, " ").trim().slice(0, 500))
  .optional()
  .catch(undefined);

/** Which finding answers the question: the first is 1. */
const finding = z.number().int().positive();

/**
 * Ours, in the notebook's metadata: how to cite it, the SHA-256 of it as `pageblock notebook run` wrote it, and for the page that links
 * all write-ups: its question, which of its findings answer it, and results of docs/robustness that say how far they hold.
 */
const ours = z
  .object({
    ...{ year: word, url: word, doi: word, executed: z.string().optional() },
    question: word,
    answer: z
      .array(finding)
      .or(finding.transform((one) => [one]))
      .optional()
      .catch(undefined),
    robustness: z.array(z.string()).optional().catch(undefined),
  })
  .optional()
  .catch(undefined);

const notebook = z.object({
  nbformat: z.literal(4),
  nbformat_minor: z.number(),
  metadata: z.object({
    kernelspec: z.object({ name: z.string(), display_name: z.string() }).partial().optional(),
    language_info: z.object({ name: z.string(), version: z.string() }).partial().optional(),
    authors: z
      .array(z.object({ name: z.string() }))
      .optional()
      .catch(undefined),
    pageblock: ours,
  }),
  cells: z.array(cell),
});

export type Notebook = z.infer<typeof notebook>;
export type NotebookCell = Notebook["cells"][number];
export type NotebookOutput = z.infer<typeof output>;

/** The notebook in `json`, the content of `file`; throws InputError naming the file and the place in it. */
export function parseNotebook(json: string, file: string): Notebook {
  const parsed = notebook.safeParse(safeJson(json, file, "a notebook"));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new InputError(
    `${at(file)}: not a notebook of format 4: ${issue.path.map(String).join(".") || "top level"}: ${issue.message}`,
  );
}

/** False if the notebook has code and no cell has been run. */
export function isExecuted(notebook: Notebook): boolean {
  const code = notebook.cells.filter((c) => c.cell_type === "code" && c.source.trim() !== "");
  return (
    code.length === 0 ||
    code.some((c) => c.cell_type === "code" && (c.execution_count !== null || c.outputs.length > 0))
  );
}

/** A value of a MIME bundle as text, whether nbformat stored a string or a list of lines. */
export function bundleText(value: unknown): string | undefined {
  const parsed = text.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
