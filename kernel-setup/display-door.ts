/**
 * The API of the kernel for code in cells: `globalThis[Symbol.for("pageblock.kernel")]`. tslab's own display functions
 * send one MIME type per message, without metadata; a chart needs several in one message.
 */
import { currentCell } from "./protocol/cell-context";
import type { Comm, CommExtras, Comms, OpenHandler } from "./protocol/comms";
import type { Questions } from "./protocol/questions";
import { makeWidget, type Widget, type WidgetParts } from "./protocol/widget";
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
  /** Removes the cell's output; with `wait` when the next output comes. */
  clearOutput(wait?: boolean): void;
  /** Shows text in the front end's pager when the cell has ended. */
  page(data: string | Record<string, unknown>): void;
  /** Asks the person at the front end; `password` hides what is typed. Rejects at once if nobody can be asked. */
  input(prompt?: string, how?: { readonly password?: boolean }): Promise<string>;
  /** Lets front ends open comms with this target. */
  registerComm(target: string, handler: OpenHandler): void;
  openComm(target: string, data?: object, extras?: CommExtras): Comm;
  /** A widget whose view is the ES module `esm`; needs a front end with anywidget. */
  widget(parts: WidgetParts): Widget;
  /** Aborts when the running cell is interrupted, also while it awaits, so that work it started ends with it. */
  readonly interruptSignal: AbortSignal | undefined;
  /** The id of the cell whose code runs, if the front end sends it (JupyterLab does, nbclient does not). */
  readonly cellId: string | undefined;
  /** Its execution count, which distinguishes two runs of one cell. */
  readonly executionCount: number;
}

export const DISPLAY_DOOR = Symbol.for("pageblock.kernel");

/** What the kernel gives for it. */
export interface DoorParts {
  readonly display: (message: DisplayMessage, update: boolean) => void;
  readonly clearOutput: (wait: boolean) => void;
  readonly page: (data: Record<string, unknown>) => void;
  readonly interruptSignal: () => AbortSignal | undefined;
  readonly comms: Comms;
  readonly questions: Questions;
}

export function publishDisplayDoor(parts: DoorParts): void {
  const { display, comms } = parts;
  const door: DisplayDoor = {
    displayBundle: (data, metadata = {}, transient = {}) => display({ data, metadata, transient }, false),
    updateDisplay: (id, data, metadata = {}) =>
      display({ data, metadata, transient: { display_id: id } }, true),
    clearOutput: (wait = false) => parts.clearOutput(wait),
    page: (data) => parts.page(typeof data === "string" ? { "text/plain": data } : data),
    input: (prompt = "", how = {}) => parts.questions.ask("input", prompt, how),
    registerComm: (target, handler) => comms.register(target, handler),
    openComm: (target, data = {}, extras = {}) => comms.openComm(target, data, extras),
    widget: (given) => makeWidget(comms, given),
    get interruptSignal() {
      return parts.interruptSignal();
    },
    get cellId() {
      return currentCell()?.cellId;
    },
    get executionCount() {
      return currentCell()?.executionCount ?? 0;
    },
  };
  Object.defineProperty(globalThis, DISPLAY_DOOR, { value: door, configurable: true });
}
