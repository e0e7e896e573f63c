/**
 * A widget whose view is an ES module given by the cell, as in anywidget: the front end needs anywidget's extension
 * (`pip install anywidget`), the kernel nothing.
 * Source: the model and view names are those of https://anywidget.dev; messages as ipywidgets' protocol 2.1 has them.
 */
import { inThisCell } from "./cell-context";
import type { Comm, CommMessage, Comms } from "./comms";

const WIDGET_PROTOCOL = "2.1.0";
/** Any version: the model and the view have kept their names. */
const ANYWIDGET = "*";
const VIEW_MIME = "application/vnd.jupyter.widget-view+json";
const ANY = {
  _model_module: "anywidget",
  _model_name: "AnyModel",
  _model_module_version: ANYWIDGET,
  _view_module: "anywidget",
  _view_name: "AnyView",
  _view_module_version: ANYWIDGET,
  _view_count: null,
};

/** What a cell gives: the module's text, styles, and the values that both ends share. */
export interface WidgetParts {
  readonly esm: string;
  readonly css?: string;
  readonly [name: string]: unknown;
}

export interface Widget {
  get(name: string): unknown;
  /** Sets a value at both ends. */
  set(name: string, value: unknown): void;
  /** `change:<name>` for a value that the front end set, `msg:custom` for what its module sends. */
  on(event: string, handler: (value: unknown, buffers: readonly Uint8Array[]) => void): void;
  send(content: unknown, buffers?: readonly Uint8Array[]): void;
  close(): void;
}

/** Makes a widget; the value of a cell that is a widget shows it. */
export function makeWidget(comms: Comms, { esm, css, ...values }: WidgetParts): Widget {
  if (typeof esm !== "string") throw new TypeError("widget: esm must be the text of an ES module");
  const state: Record<string, unknown> = { ...ANY, _esm: esm, ...(css === undefined ? {} : { _css: css }) };
  Object.assign(state, values);
  const handlers = new Map<string, ((value: unknown, buffers: readonly Uint8Array[]) => void)[]>();
  const fire = (event: string, value: unknown, buffers: readonly Uint8Array[] = []) => {
    for (const handler of handlers.get(event) ?? []) handler(value, buffers);
  };
  const comm: Comm = comms.openComm(
    "jupyter.widget",
    { state, buffer_paths: [] },
    { metadata: { version: WIDGET_PROTOCOL } },
    () => ({
      model_name: ANY._model_name,
      model_module: ANY._model_module,
      model_module_version: ANYWIDGET,
      state,
    }),
  );
  comm.onMessage(({ data, buffers }: CommMessage) => {
    if (data.method === "request_state") comm.send({ method: "update", state, buffer_paths: [] });
    if (data.method === "custom") fire("msg:custom", data.content, buffers);
    if (data.method !== "update") return;
    for (const [name, value] of Object.entries((data.state ?? {}) as object)) {
      state[name] = value;
      fire(`change:${name}`, value);
    }
  });
  const shown = () => ({
    [VIEW_MIME]: { version_major: 2, version_minor: 1, model_id: comm.id },
    "text/plain": "widget: needs a front end with anywidget",
  });
  return Object.assign(
    {
      get: (name: string) => state[name],
      set: (name: string, value: unknown) => {
        state[name] = value;
        comm.send({ method: "update", state: { [name]: value }, buffer_paths: [] });
      },
      on: (event: string, handler: (value: unknown, buffers: readonly Uint8Array[]) => void) =>
        void handlers.set(event, [...(handlers.get(event) ?? []), inThisCell(handler)]),
      send: (content: unknown, buffers: readonly Uint8Array[] = []) =>
        comm.send({ method: "custom", content }, { buffers }),
      close: () => comm.close(),
    },
    { [Symbol.for("Jupyter.display")]: shown },
  );
}
