/** What the thread that runs cells and the thread that owns the sockets tell each other. */
import type { MessagePort } from "node:worker_threads";
import type { CompiledText } from "../debug/source-places";
import type { Connection, Header, Message } from "../wire";
import type { CaughtDescriptors } from "./caught-descriptors";
import type { OutboxMemory, StreamName } from "./outbox";

/** What the socket thread is started with. */
export interface WireData {
  readonly connection: Connection;
  readonly busy: Int32Array;
  readonly kernelInfo: unknown;
  /** Where zeromq is installed: a thread resolves like the main thread. */
  readonly zeromqPath: string;
  readonly outbox: OutboxMemory;
  /** Answers to questions that the other thread waits for without its event loop. */
  readonly answers: MessagePort;
  readonly answered: Int32Array;
  readonly caught: CaughtDescriptors;
  /** In the environment of programs that cells start (process-tree.ts). */
  readonly mark: string;
}

/** The parent of a message: a cell by its number, a request by its header, or none. */
export type Parent = number | Header | Record<string, never>;

/** A question to the person at the front end. */
export interface Question {
  /** The cell that asks. */
  readonly cell: number;
  readonly identities: readonly Uint8Array[];
  readonly prompt: string;
  readonly password: boolean;
}

/** To the socket thread. `at`: the printed text that comes before. `content` is JSON. */
export type ToWire =
  | { readonly type: "wake" }
  | { readonly type: "cell"; readonly cell: number; readonly parent: Header }
  | {
      readonly type: "publish";
      readonly at: number;
      readonly kind: string;
      readonly parent: Parent;
      readonly content: string;
      readonly metadata: string;
      readonly buffers: readonly Uint8Array[];
    }
  | {
      readonly type: "reply";
      readonly at: number;
      readonly to: readonly Uint8Array[];
      readonly kind: string;
      readonly parent: Header;
      readonly content: string;
    }
  | {
      readonly type: "ask";
      readonly at: number;
      readonly ticket: number;
      readonly waits: boolean;
      readonly question: Question;
    }
  | { readonly type: "child"; readonly pid: number; readonly ended: boolean; readonly detached: boolean }
  | { readonly type: "signal"; readonly pids: readonly number[] }
  | {
      readonly type: "follow";
      readonly at: number;
      readonly cell: number;
      readonly name: StreamName;
      readonly descriptor: number;
    }
  | { readonly type: "followed"; readonly descriptor: number }
  | { readonly type: "compiled"; readonly text: CompiledText }
  /** `stays`: the thread ends the process if that does not end by itself. */
  | { readonly type: "close"; readonly at: number; readonly stays: boolean };

/** An answer to a question: the text, or none if the cell was interrupted. */
export interface Answer {
  readonly ticket: number;
  readonly value: string | undefined;
}

/** From the socket thread. */
export type FromWire =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "request"; readonly message: Message }
  /** `askedAtMs`: on the clock of the front end; NaN if it did not say. */
  | { readonly type: "interrupt"; readonly number: number; readonly askedAtMs: number }
  | { readonly type: "shutdown" }
  | { readonly type: "closed" }
  | ({ readonly type: "answer" } & Answer);
