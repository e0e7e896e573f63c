/**
 * The way out of a running cell: one MIME bundle becomes one Jupyter `display_data` message, under our kernel and
 * under stock tslab; on a terminal the bundle's plain text is printed.
 */

/** MIME type → text or JSON, as in Jupyter's `display_data`. */
export type MimeBundle = Record<string, unknown>;

/** What our kernel offers to libraries (kernel-setup/launcher.ts). */
interface KernelDoor {
  displayBundle(data: MimeBundle, metadata: MimeBundle, transient?: MimeBundle): void;
  updateDisplay?(id: string, data: MimeBundle, metadata?: MimeBundle): void;
  /** Aborts when the running cell is interrupted, also after an await. */
  interruptSignal?: AbortSignal | undefined;
  /** Names the running cell, when Jupyter said which it is. */
  cellId?: string;
  /** Tells two runs of one cell apart. */
  executionCount?: number;
}

/** The symbol under which a cell's last value may say how it is shown. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

const door = (): KernelDoor | undefined =>
  (globalThis as Record<symbol, unknown>)[Symbol.for("pageblock.kernel")] as KernelDoor | undefined;

/** Sends `data` to whoever is looking: a notebook, or else the terminal. */
export function display(data: MimeBundle, metadata: MimeBundle = {}): void {
  const kernel = door();
  const write = stockTslab();
  if (kernel) kernel.displayBundle(data, metadata);
  else if (write) write({ data, metadata }, false);
  else process.stdout.write(`${data["text/plain"] ?? ""}\n`);
}

/** True inside a notebook kernel. */
export const inNotebook = (): boolean => door() !== undefined || stockTslab() !== undefined;

/** One run of one cell; undefined where the kernel does not know the cell. */
export interface CellRun {
  cell: string;
  count: number | undefined;
}

export function cellRun(): CellRun | undefined {
  const kernel = door();
  return kernel?.cellId === undefined ? undefined : { cell: kernel.cellId, count: kernel.executionCount };
}

/** Aborts when the running cell is interrupted; undefined outside our kernel. */
export const interruptSignal = (): AbortSignal | undefined => door()?.interruptSignal;

let displays = 0;

/**
 * One output that changes: the first call shows it, later calls replace it. Only our kernel can; elsewhere nothing is shown. The
 * cell's stored output is the last one.
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

/** tslab keeps its writer in a module of its own; the running copy is the one that has a writer. */
function stockTslab(): Write | undefined {
  for (const [path, module] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path)) continue;
    const write: unknown = module?.exports?.lastWriteDisplayData;
    if (typeof write === "function") return write as Write;
  }
  return undefined;
}
