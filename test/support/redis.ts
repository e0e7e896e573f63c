/** A Redis of a test's own: on a free port of the loopback, append-only file in a temporary folder, ended by its process id. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there is no Redis to test with, or false. */
export function redisMissing(): string | false {
  const found = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return found.status === 0 ? false : "needs redis-server (Debian: apt install redis-server)";
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export class TestRedis {
  private child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly settings: string[],
    private readonly tls: boolean,
  ) {}

  /** `settings`: lines of its configuration. */
  static async start(settings: string[] = [], tls = false): Promise<TestRedis> {
    const folder = mkdtempSync(join(tmpdir(), "pageblock-redis-"));
    const redis = new TestRedis(folder, await freePort(), settings, tls);
    await redis.up();
    return redis;
  }

  async up(): Promise<void> {
    const { folder, port, tls } = this;
    mkdirSync(folder, { recursive: true });
    const config = join(folder, "redis.conf");
    writeFileSync(
      config,
      [
        ...(tls ? ["port 0", `tls-port ${port}`] : [`port ${port}`]),
        "bind 127.0.0.1",
        `dir ${folder}`,
        "appendonly yes",
        "appendfsync always",
        'save ""',
        ...this.settings.map((line) => line.replaceAll("{folder}", folder)),
      ].join("\n"),
    );
    const child = spawn("redis-server", [config], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let text = "";
      child.stdout!.on("data", (data) => {
        text += data;
        if (text.includes("Ready to accept connections")) resolve();
      });
      child.on("exit", () => reject(new Error(`redis-server ended: ${text.slice(-2000)}`)));
    });
  }

  async down(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    process.kill(child.pid!, signal);
    await gone;
  }

  async end(): Promise<void> {
    await this.down("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
