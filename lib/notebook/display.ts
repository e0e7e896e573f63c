/**
 * Output of a running cell: one MIME bundle becomes one Jupyter `display_data` message, in our notebook kernel and in
 * stock tslab; on a terminal, the bundle's plain text is printed.
 */

/** MIME type → text or JSON, as in Jupyter's `display_data`. */
export type MimeBundle = Record<string, unknown>;

/** The API that our notebook kernel offers to libraries (kernel-setup/launcher.ts). */
interface KernelDoor {
  displayBundle(data: MimeBundle, metadata: MimeBundle, transient?: MimeBundle): void;
  updateDisplay?(id: string, data: MimeBundle, metadata?: MimeBundle): void;
  /** Aborts when the running cell is interrupted, also after an await. */
  interruptSignal?: AbortSignal | undefined;
  /** Id of the running cell, if Jupyter gives it. */
  cellId?: string;
  /** Distinguishes two runs of one cell. */
  executionCount?: number;
}

/** The symbol of the method with which a cell's last value gives its own display. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

const door = (): KernelDoor | undefined =>
  (globalThis as Record<symbol, unknown>)[Symbol.for("pageblock.kernel")] as KernelDoor | undefined;

/** Sends `data` to the notebook or, if there is none, to the terminal. */
export function display(data: MimeBundle, metadata: MimeBundle = {}): void {
  const kernel = door();
  const write = stockTslab();
  if (kernel) kernel.displayBundle(data, metadata);
  else if (write) write({ data, metadata }, false);
  else process.stdout.write(`${data["text/plain"] ?? ""}\n`);
}

/** True inside a notebook kernel. */
export const inNotebook = (): boolean => door() !== undefined || stockTslab() !== undefined;

/** One run of one cell; undefined if the notebook kernel does not know the cell. */
export interface CellRun {
  cell: string;
  count: number | undefined;
}

export function cellRun(): CellRun | undefined {
  const kernel = door();
  return kernel?.cellId === undefined ? undefined : { cell: kernel.cellId, count: kernel.executionCount };
}

/** Aborts when the running cell is interrupted; undefined outside our notebook kernel. */
export const interruptSignal = (): AbortSignal | undefined => door()?.interruptSignal;

let displays = 0;

/**
 * An output that changes: the first call shows it, later calls replace it, and the notebook stores the last one. Only
 * our notebook kernel supports this; elsewhere nothing is shown.
 */
export function changingDisplay(): ((data: MimeBundle) => void) | undefined {
  const kernel = door();
  const update = kernel?.updateDisplay;
  if (kernel === undefined || update === undefined) return undefined;
  const id = `pageblock-${++displays}`;
  let shown = false;
  return (data) => {
    if (shown) update.call(kernel, id, data);
    else kernel.displayBundle(data, {}, { display_id: id });
    shown = true;
  };
}

type Write = (message: { data: MimeBundle; metadata: MimeBundle }, update: boolean) => void;

/** tslab keeps its writer in a module; the running copy is the one whose writer is set. */
function stockTslab(): Write | undefined {
  for (const [path, module] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path)) continue;
    const write: unknown = module?.exports?.lastWriteDisplayData;
    if (typeof write === "function") return write as Write;
  }
  return undefined;
}
