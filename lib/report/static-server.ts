/** Serves a folder of static files to this computer only: GET and HEAD, no listing, nothing outside the folder. */
import { closeSync, createReadStream, fstatSync, openSync, realpathSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { InputError } from "../base/errors";

const LOOPBACK = "127.0.0.1";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".json": "application/json",
  ".ipynb": "application/x-ipynb+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".gif": "image/gif",
  ".pdf": "application/pdf",
  ".parquet": "application/vnd.apache.parquet",
};

/** Pages bring policies of their own; what has none, such as a picture opened alone, may load and run nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

interface Served {
  /** `http://127.0.0.1:PORT/` */
  url: string;
  close(): Promise<void>;
}

/** Begins to serve `folder`; port 0 takes a free one. Throws InputError for no folder, and for a port that cannot be had. */
export async function serveFolder(folder: string, port: number): Promise<Served> {
  const root = rootOf(folder);
  const server = createServer((request, response) => answer(root, request, response));
  await listening(server, port);
  const address = server.address() as { port: number };
  return {
    url: `http://${LOOPBACK}:${address.port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function rootOf(folder: string): string {
  try {
    const root = realpathSync(folder);
    if (statSync(root).isDirectory()) return root;
  } catch {
    // Told below.
  }
  throw new InputError(`serve: --dir must be a folder: got ${folder}`);
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((listens, fails) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      const why = code === "EADDRINUSE" ? "it is in use" : code === "EACCES" ? "it needs root" : message;
      fails(new InputError(`serve: cannot listen on port ${port}: ${why}`));
    });
    server.listen(port, LOOPBACK, () => listens());
  });
}

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cache-Control", "no-cache");
  const refuse = (status: number, words: string) => {
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
    response.end(request.method === "HEAD" ? undefined : `${words}\n`);
  };
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return refuse(405, "only GET and HEAD are answered");
  }
  // Of two, each reader on the way might take another one.
  if (request.rawHeaders.filter((one, i) => i % 2 === 0 && one.toLowerCase() === "host").length !== 1) {
    response.setHeader("Connection", "close");
    return refuse(400, "a request must have one Host header");
  }
  // A page elsewhere may point a name of its own at this computer.
  if (!/^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/i.test(request.headers.host ?? ""))
    return refuse(421, "this server answers to 127.0.0.1 and localhost only");
  const file = fileOf(root, request.url ?? "/");
  if (file === undefined) return refuse(404, "not found");
  send(file, request, response);
}

/** The file that a URL names; undefined if there is none, or if it lies outside of the folder or is hidden. */
export function fileOf(root: string, url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0]!);
    if (!path.startsWith("/") || /[\0\\]/.test(path)) return undefined;
    if (path.split("/").some((part) => part.startsWith("."))) return undefined;
    const asked = resolve(join(root, path, path.endsWith("/") ? "index.html" : ""));
    // Links are followed first: one inside the folder may lead out of it.
    const real = realpathSync(asked);
    const below = root.endsWith(sep) ? root : root + sep;
    const hidden = real
      .slice(below.length)
      .split(sep)
      .some((part) => part.startsWith("."));
    return real.startsWith(below) && !hidden && statSync(real).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Sends a file as long as it is now: whoever is reading was promised that, and a file may be written meanwhile. */
function send(file: string, request: IncomingMessage, response: ServerResponse): void {
  let opened: number;
  try {
    opened = openSync(file, "r");
  } catch {
    response.destroy();
    return;
  }
  const { size } = fstatSync(opened);
  const ending = extname(file).toLowerCase();
  const headers: Record<string, string | number> = {
    "Content-Type": TYPES[ending] ?? "application/octet-stream",
    "Content-Length": size,
  };
  if (ending !== ".html") headers["Content-Security-Policy"] = POLICY;
  response.writeHead(200, headers);
  if (request.method === "HEAD" || size === 0) {
    closeSync(opened);
    response.end();
    return;
  }
  // What is written behind its end meanwhile would be read as the next answer.
  const stream = createReadStream(file, { fd: opened, start: 0, end: size - 1 });
  stream.once("error", () => response.destroy());
  response.once("close", () => stream.destroy());
  // A shorter one cannot be told any more: the connection is closed, and the reader knows.
  stream.once("end", () => (stream.bytesRead === size ? response.end() : response.destroy()));
  stream.pipe(response, { end: false });
}
