/**
 * A headless Firefox for tests, the system's, driven by Marionette: lines of `length:json` on a port of this computer, as
 * https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html describes them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PLACES = [process.env.PAGEBLOCK_FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];
const path = PLACES.find((one) => one !== undefined && one !== "" && existsSync(one));

/** For `skip` of a test: false when a Firefox is there. */
export const noFirefox: string | false = path === undefined && "no Firefox: install the package firefox-esr";

const START_MS = 60_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

export class Firefox {
  private asked = 0;
  private readonly waiting = new Map<number, (answer: [unknown, unknown]) => void>();
  private received = Buffer.alloc(0);

  private constructor(
    private readonly child: ChildProcess,
    private readonly socket: Socket,
    private readonly profile: string,
  ) {
    socket.on("data", (part) => this.take(part));
  }

  /** Starts it with a profile of its own; every address but files goes to a closed port. */
  static async start(): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), "pageblock-firefox-"));
    const [port, closed] = [await freePort(), await freePort()];
    const settings = {
      "marionette.port": port,
      ...{ "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": closed },
      ...{ "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": closed },
      "network.proxy.allow_hijacking_localhost": true,
      ...{ "browser.shell.checkDefaultBrowser": false, "datareporting.policy.dataSubmissionEnabled": false },
      ...{
        "app.update.enabled": false,
        "browser.startup.page": 0,
        "toolkit.startup.max_resumed_crashes": -1,
      },
    };
    const lines = Object.entries(settings).map(
      ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`,
    );
    writeFileSync(join(profile, "user.js"), lines.join("\n"));
    const args = ["--marionette", "--headless", "--no-remote", "--profile", profile, "about:blank"];
    const child = spawn(path!, args, {
      stdio: "ignore",
      env: { ...process.env, MOZ_CRASHREPORTER_DISABLE: "1" },
    });
    const until = performance.now() + START_MS;
    let socket = await reached(port);
    while (socket === null && child.exitCode === null && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      socket = await reached(port);
    }
    if (socket === null) {
      child.kill("SIGKILL");
      throw new Error(`Firefox did not open its port in ${START_MS / 1000} s`);
    }
    const firefox = new Firefox(child, socket, profile);
    await firefox.ask("WebDriver:NewSession", { capabilities: { alwaysMatch: {} } });
    await firefox.ask("WebDriver:SetTimeouts", { script: 600_000, pageLoad: 120_000 });
    return firefox;
  }

  /** Opens an address, and waits until it is loaded. */
  async open(url: string): Promise<void> {
    await this.ask("WebDriver:Navigate", { url });
  }

  /** What `program`, the body of an async function, returns in the page. */
  async run(program: string, ...args: unknown[]): Promise<unknown> {
    const script = `const done = arguments[arguments.length - 1]; const args = [...arguments].slice(0, -1);
      (async () => { ${program} })().then((value) => done({ value }), (error) => done({ failed: String(error) }));`;
    const said = (await this.ask("WebDriver:ExecuteAsyncScript", { script, args })) as {
      value: { value?: unknown; failed?: string };
    };
    if (said.value.failed !== undefined) throw new Error(said.value.failed);
    return said.value.value;
  }

  async close(): Promise<void> {
    this.socket.destroy();
    const ended = this.child.exitCode === null ? once(this.child, "exit") : null;
    this.child.kill("SIGKILL");
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private ask(command: string, parameters: object): Promise<unknown> {
    const id = ++this.asked;
    const text = JSON.stringify([0, id, command, parameters]);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ([error, value]) =>
        error === null ? resolve(value) : reject(new Error(JSON.stringify(error).slice(0, 500))),
      );
      this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }

  private take(part: Buffer): void {
    this.received = Buffer.concat([this.received, part]);
    for (;;) {
      const colon = this.received.indexOf(":");
      const length = Number(this.received.subarray(0, Math.max(0, colon)).toString());
      const end = colon + 1 + length;
      if (colon < 0 || this.received.length < end) return;
      const message = JSON.parse(this.received.subarray(colon + 1, end).toString());
      this.received = this.received.subarray(end);
      // The first message says only what it is.
      if (Array.isArray(message)) this.waiting.get(message[1])?.([message[2], message[3]]);
    }
  }
}

function reached(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}
