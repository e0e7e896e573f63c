/**
 * The Jupyter wire protocol, version 5.4: multipart messages signed with HMAC-SHA256.
 * `[identity…, "<IDS|MSG>", signature, header, parent header, metadata, content, buffer…]`
 * The signature is of the four JSON parts only.
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const PROTOCOL_VERSION = "5.4";
/** What a kernel says, and the status that it ends with, if a port of its connection cannot be had. */
export const PORT_TAKEN = {
  message: "another program took the port since it was chosen",
  status: 98,
} as const;
const DELIMITER = "<IDS|MSG>";
/** Header, parent header, metadata and content. */
const JSON_PARTS = 4;

/** What Jupyter writes into the connection file that the kernel is started with. */
export interface Connection {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
}

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

/** A message as it arrived: `identities` are the ZeroMQ routing frames its reply must carry. */
export interface Message {
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  /** Header of the request this message answers; empty in a request. */
  readonly parent: Partial<Header>;
  readonly metadata: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: the content's shape depends on the message type
  readonly content: any;
  readonly buffers: readonly Uint8Array[];
}

/** A message to be sent; `content` and `metadata` are JSON. `to` are routing frames (a reply) or one topic (a broadcast). */
export interface Outgoing {
  readonly to: readonly (Uint8Array | string)[];
  readonly type: string;
  readonly parent: Header | Record<string, never>;
  readonly content: string;
  readonly metadata?: string;
  readonly buffers?: readonly Uint8Array[];
}

const session = randomBytes(16).toString("hex");

function sign(key: string, parts: readonly (Buffer | string)[]): string {
  if (key === "") return "";
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

/** No message nests deeper: copying a deeper one between threads would end the process. */
const DEPTH_MOST = 1000;

/** The object that a part of a message is. Throws if it is none, or nests too deeply. */
function objectIn(part: Buffer): Record<string, unknown> {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < part.length; i++) {
    const byte = part[i];
    if (inText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > DEPTH_MOST) throw new Error(`jupyter message: nests deeper than ${DEPTH_MOST}`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  const value: unknown = JSON.parse(part.toString());
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("jupyter message: a part is no object");
  return value as Record<string, unknown>;
}

/** Reads one message; throws when it is malformed or its signature is not the connection's. */
export function decode(key: string, frames: readonly Buffer[]): Message {
  const split = frames.findIndex((f) => f.toString("latin1") === DELIMITER);
  const body = frames.slice(split + 2, split + 2 + JSON_PARTS);
  if (split < 0 || body.length < JSON_PARTS) throw new Error("jupyter message: frames are missing");
  const given = frames[split + 1]!;
  const wanted = Buffer.from(sign(key, body));
  if (key !== "" && (given.length !== wanted.length || !timingSafeEqual(given, wanted)))
    throw new Error("jupyter message: wrong signature");
  const [header, parent, metadata, content] = body.map(objectIn);
  if (typeof header!.msg_type !== "string") throw new Error("jupyter message: the header has no type");
  return {
    identities: frames.slice(0, split),
    header: header as unknown as Header,
    parent: parent!,
    metadata: metadata!,
    content,
    buffers: frames.slice(split + 2 + JSON_PARTS),
  };
}

/** The frames of a message. */
export function encode(key: string, message: Outgoing): (Uint8Array | string)[] {
  const header: Header = {
    msg_id: randomBytes(16).toString("hex"),
    msg_type: message.type,
    session,
    username: "kernel",
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  };
  const body = [jsonOf(header), jsonOf(message.parent), message.metadata ?? "{}", message.content];
  return [...message.to, DELIMITER, sign(key, body), ...body, ...(message.buffers ?? [])];
}

/**
 * JSON in which every text can be written as UTF-8: half of a surrogate pair alone becomes U+FFFD. Python reads such a half
 * and fails later, when it writes the notebook.
 */
export function jsonOf(value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  // JSON.stringify writes lone halves as escapes, and nothing else as \ud….
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\(u[dD][89a-fA-F][0-9a-fA-F]{2}|.)/g, (whole, escaped: string) =>
    escaped.length === 5 ? "\ufffd" : whole,
  );
}

/** `tcp://127.0.0.1:4711`, or `ipc://file-4711`. */
export function address(connection: Connection, port: number): string {
  const separator = connection.transport === "tcp" ? ":" : "-";
  return `${connection.transport}://${connection.ip}${separator}${port}`;
}
