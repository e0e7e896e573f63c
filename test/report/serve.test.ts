/** `pageblock serve`: files of one folder, to this computer only. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { serveFolder } from "../../lib/report/static-server";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-serve-"));
const root = join(scratch, "site");
let served: Awaited<ReturnType<typeof serveFolder>>;
before(async () => {
  mkdirSync(join(root, "a-files"), { recursive: true });
  mkdirSync(join(scratch, "site-beside"));
  for (const [name, text] of [
    ["site/index.html", "<p>home"],
    ["site/a b.svg", "<svg/>"],
    ["site/a-files/x.csv", "1,2"],
    ["site/.hidden", "secret"],
    ["secret.txt", "secret"],
    ["site-beside/s.txt", "secret"],
  ])
    writeFileSync(join(scratch, name!), text!);
  symlinkSync(join(scratch, "secret.txt"), join(root, "link.txt"));
  symlinkSync(scratch, join(root, "up"));
  served = await serveFolder(root, 0);
});
after(async () => {
  await served.close();
  rmSync(scratch, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** The path as it stands: fetch() would tidy it. */
function ask(path: string, method = "GET", headers: Record<string, string> = {}): Promise<Answer> {
  const { port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () =>
        resolve({
          ...{ status: response.statusCode!, headers: response.headers },
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    sent.on("error", reject).end();
  });
}

test("files with their types, nosniff, and HEAD without a body", async () => {
  for (const [path, type, body] of [
    ["/", "text/html; charset=utf-8", "<p>home"],
    ["/index.html?x=1", "text/html; charset=utf-8", "<p>home"],
    ["/a%20b.svg", "image/svg+xml", "<svg/>"],
    ["/a-files/x.csv", "text/csv; charset=utf-8", "1,2"],
  ] as const) {
    const got = await ask(path);
    assert.deepEqual([got.status, got.headers["content-type"], got.body], [200, type, body], path);
    assert.equal(got.headers["x-content-type-options"], "nosniff");
    const head = await ask(path, "HEAD");
    assert.deepEqual(
      [head.status, head.headers["content-length"], head.body],
      [200, String(body.length), ""],
    );
  }
});

test("nothing outside of the folder, nothing hidden, no listing", async () => {
  for (const path of [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/a-files/..%2f..%2fsecret.txt",
    "/%2e%2e%5csecret.txt",
    "/..\\secret.txt",
    "/link.txt",
    "/up/secret.txt",
    "/../site-beside/s.txt",
    "//etc/passwd",
    "/%00",
    "/%",
    "/.hidden",
    "/a-files",
    "/a-files/",
    "/nothing",
    "http://elsewhere/secret.txt",
  ]) {
    const { status, body } = await ask(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(body, /secret|root:/, path);
  }
});

test("only GET and HEAD, and only names of this computer", async () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers } = await ask("/", method);
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
  }
  assert.equal((await ask("/", "GET", { host: "evil.example" })).status, 421);
  assert.equal((await ask("/", "GET", { host: "localhost:80" })).status, 200);
});

/** What comes back for a request as it is written, until the connection is closed; `then`: once the first bytes are there. */
async function raw(text: string, then?: () => void): Promise<string> {
  const socket = connect(Number(new URL(served.url).port), "127.0.0.1");
  socket.on("error", () => {});
  const parts: Buffer[] = [];
  socket.on("data", (part) => {
    parts.push(part);
    if (parts.length > 1) return;
    socket.pause();
    then?.();
    socket.resume();
  });
  socket.write(text);
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}

test("two Host headers, or none: refused, and the connection is closed; names in any case", async () => {
  const lines = (...hosts: string[]) =>
    `GET / HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join("")}\r\n`;
  for (const hosts of [
    ["localhost", "evil.example"],
    ["evil.example", "localhost"],
    ["localhost", "localhost"],
    [],
  ]) {
    const said = await raw(lines(...hosts));
    assert.match(said, /^HTTP\/1\.1 400 /, hosts.join());
    assert.doesNotMatch(said, /home/);
  }
  // RFC 9110, 4.2.3: the host is not case-sensitive.
  assert.equal((await ask("/", "GET", { host: "LocalHost" })).status, 200);
  for (const host of ["localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80", "[::1]"])
    assert.equal((await ask("/", "GET", { host })).status, 421, host);
});

test("a file that shrinks while it is sent ends the connection; one that grows is sent as long as it was", async () => {
  const file = join(root, "large.txt");
  const bytes = 64 * 2 ** 20;
  const asked = "GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
  writeFileSync(file, Buffer.alloc(bytes, "a"));
  const shrunk = await raw(asked, () => truncateSync(file, 1000));
  assert.match(shrunk, new RegExp(`Content-Length: ${bytes}\\r`));
  assert.ok(shrunk.length < bytes, "the reader sees that something is missing");
  writeFileSync(file, Buffer.alloc(bytes, "a"));
  const closing = asked.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  const grown = await raw(closing, () => appendFileSync(file, "b".repeat(1000)));
  assert.equal(grown.length - grown.indexOf("\r\n\r\n") - 4, bytes);
  assert.ok(grown.endsWith("aaa"));
  writeFileSync(file, "");
  assert.deepEqual([(await ask("/large.txt")).status, (await ask("/large.txt")).body], [200, ""]);
  rmSync(file);
});

test("a request that is none does not end it", async () => {
  const socket = connect(Number(new URL(served.url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.end("NONSENSE\r\n\r\n");
  await once(socket, "close");
  assert.equal((await ask("/")).status, 200);
});

test("no folder, a port in use: one line", async () => {
  await assert.rejects(
    serveFolder(join(scratch, "none"), 0),
    /^InputError: serve: --dir must be a folder: got /,
  );
  await assert.rejects(serveFolder(join(scratch, "secret.txt"), 0), /must be a folder/);
  const { port } = new URL(served.url);
  await assert.rejects(
    serveFolder(root, Number(port)),
    /^InputError: serve: cannot listen on port \d+: it is in use/,
  );
});

test("the command prints its address and ends with Ctrl-C", async () => {
  const args = [
    "--require",
    join(__dirname, "../support/register.cjs"),
    join(__dirname, "../../lib/cli/main.ts"),
  ];
  const child = spawn(process.execPath, [...args, "serve", "--dir", root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  const [, url] = /is at (http:\/\/127\.0\.0\.1:\d+\/)/.exec(String(line))!;
  assert.equal(await (await fetch(url!)).text(), "<p>home");
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  const wrong = spawn(process.execPath, [...args, "serve", "--port", "99999"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [words] = await once(wrong.stderr, "data");
  assert.equal(String(words), "pageblock: serve: --port must be from 0 to 65535: got 99999\n");
  assert.equal((await once(wrong, "exit"))[0], 2);
});
