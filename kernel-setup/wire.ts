/**
 * The Jupyter wire protocol, version 5.3: multipart messages signed with HMAC-SHA256.
 * `[identity…, "<IDS|MSG>", signature, header, parent header, metadata, content, buffer…]`
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const PROTOCOL_VERSION = "5.3";
const DELIMITER = "<IDS|MSG>";

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
  readonly identities: readonly Buffer[];
  readonly header: Header;
  /** Header of the request this message answers; empty in a request. */
  readonly parent: Partial<Header>;
  readonly metadata: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: the content's shape depends on the message type
  readonly content: any;
}

const session = randomBytes(16).toString("hex");

function sign(key: string, parts: readonly (Buffer | string)[]): string {
  if (key === "") return "";
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

/** Reads one message; throws when it is malformed or its signature is not the connection's. */
export function decode(key: string, frames: readonly Buffer[]): Message {
  const split = frames.findIndex((f) => f.toString("latin1") === DELIMITER);
  const body = frames.slice(split + 2);
  if (split < 0 || body.length < 4) throw new Error("jupyter message: frames are missing");
  const given = frames[split + 1]!;
  const wanted = Buffer.from(sign(key, body));
  if (key !== "" && (given.length !== wanted.length || !timingSafeEqual(given, wanted)))
    throw new Error("jupyter message: wrong signature");
  return {
    identities: frames.slice(0, split),
    header: JSON.parse(body[0]!.toString()),
    parent: JSON.parse(body[1]!.toString()),
    metadata: JSON.parse(body[2]!.toString()),
    content: JSON.parse(body[3]!.toString()),
  };
}

/** The frames of a message of type `type`; `to` are routing frames (a reply) or one topic (a broadcast). */
export function encode(
  key: string,
  to: readonly (Buffer | string)[],
  type: string,
  parent: Header | Record<string, never>,
  content: unknown,
): (Buffer | string)[] {
  const header: Header = {
    msg_id: randomBytes(16).toString("hex"),
    msg_type: type,
    session,
    username: "kernel",
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  };
  const body = [header, parent, {}, content].map((part) => JSON.stringify(part));
  return [...to, DELIMITER, sign(key, body), ...body];
}

/** `tcp://127.0.0.1:4711`, or `ipc://file-4711`. */
export function address(connection: Connection, port: number): string {
  const separator = connection.transport === "tcp" ? ":" : "-";
  return `${connection.transport}://${connection.ip}${separator}${port}`;
}
