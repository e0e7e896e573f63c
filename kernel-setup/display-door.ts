/**
 * The API with which code outside tslab sends rich output: `globalThis[Symbol.for("pageblock.kernel")]`. tslab's own
 * display functions send one MIME type per message, without metadata; a chart needs several in one message.
 */
import type { DisplayMessage } from "./tslab-internals";

export interface DisplayDoor {
  /** Shows one output. Keys of `data` are MIME types; bytes are sent as base64. `transient.display_id` names it. */
  displayBundle(
    data: Record<string, unknown>,
    metadata?: Record<string, unknown>,
    transient?: Record<string, unknown>,
  ): void;
  /** Replaces every output shown with that `display_id`. */
  updateDisplay(id: string, data: Record<string, unknown>, metadata?: Record<string, unknown>): void;
  /** Aborts when the running cell is interrupted, also while it awaits, so that work it started ends with it. */
  readonly interruptSignal: AbortSignal | undefined;
  /** The id of the running cell, if the front end sends it (JupyterLab does, nbclient does not). */
  readonly cellId: string | undefined;
  /** Its execution count, which distinguishes two runs of one cell. */
  readonly executionCount: number;
}

export const DISPLAY_DOOR = Symbol.for("pageblock.kernel");

export function publishDisplayDoor(
  display: (message: DisplayMessage, update: boolean) => void,
  running: () => {
    cellId: string | undefined;
    executionCount: number;
    interruptSignal: AbortSignal | undefined;
  },
): void {
  const door: DisplayDoor = {
    displayBundle: (data, metadata = {}, transient = {}) => display({ data, metadata, transient }, false),
    updateDisplay: (id, data, metadata = {}) =>
      display({ data, metadata, transient: { display_id: id } }, true),
    get interruptSignal() {
      return running().interruptSignal;
    },
    get cellId() {
      return running().cellId;
    },
    get executionCount() {
      return running().executionCount;
    },
  };
  Object.defineProperty(globalThis, DISPLAY_DOOR, { value: door, configurable: true });
}
