/** A JupyterLab, or classic Notebook 7, of its own for a test: started as `npm run lab` starts it, on a free port, with settings apart. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KERNEL_NAME } from "../../kernel-setup/kernelspec";
import { jupyterLabArguments } from "../../kernel-setup/lab";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Everything that Jupyter keeps lies in `home`. */
const environmentOf = (home: string, token: string): NodeJS.ProcessEnv => ({
  ...process.env,
  JUPYTER_TOKEN: token,
  JUPYTER_CONFIG_DIR: join(home, "config"),
  JUPYTER_DATA_DIR: join(home, "data"),
  JUPYTER_RUNTIME_DIR: join(home, "runtime"),
  JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
  JUPYTERLAB_WORKSPACES_DIR: join(home, "workspaces"),
  IPYTHONDIR: join(home, "ipython"),
});

/** Signs notebooks, as "Trust Notebook" in the menu does. */
async function trust(python: string, files: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(python, ["-m", "nbformat.sign", ...files], {
    stdio: ["ignore", "ignore", "pipe"],
    env,
  });
  let said = "";
  child.stderr!.on("data", (text) => (said += text));
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`the notebooks could not be signed:\n${said}`);
}

/**
 * A kernel that never answers takes the place of the package's: a page that only shows what a notebook holds needs no other, and one
 * for each notebook would read the library and the compiler.
 */
function withSilentKernel(home: string): NodeJS.ProcessEnv {
  const folder = join(home, "silent", "kernels", KERNEL_NAME);
  mkdirSync(folder, { recursive: true });
  const spec = { argv: ["sleep", "3600"], display_name: "silent", language: "typescript" };
  writeFileSync(join(folder, "kernel.json"), JSON.stringify(spec));
  return { JUPYTER_PATH: join(home, "silent") };
}

interface Session {
  path: string;
  kernel?: { connections: number; execution_state: string };
}

interface Options {
  readonly app?: "lab" | "notebook";
  readonly trusted?: readonly string[];
  readonly silent?: boolean;
}

export class JupyterLab {
  private constructor(
    private readonly child: ChildProcess,
    private readonly home: string,
    private readonly base: string,
    private readonly token: string,
  ) {}

  /** Serves `folder`; ready when the server answers. `app`: the front end that `jupyter` starts; `trusted`: notebooks whose output may run; `silent`: their kernel never answers. */
  static async start(
    python: string,
    folder: string,
    { app = "lab", trusted = [], silent = false }: Options = {},
  ): Promise<JupyterLab> {
    const port = await freePort();
    const token = randomBytes(16).toString("hex");
    const home = mkdtempSync(join(tmpdir(), "pageblock-jupyter-"));
    const args = jupyterLabArguments(folder, port, false).map((word) => (word === "lab" ? app : word));
    const env = { ...environmentOf(home, token), ...(silent ? withSilentKernel(home) : {}) };
    if (trusted.length > 0) await trust(python, trusted, env);
    const child = spawn(python, args, { stdio: ["ignore", "ignore", "pipe"], env });
    let log = "";
    child.stderr!.on("data", (text) => (log += text));
    const lab = new JupyterLab(child, home, `http://127.0.0.1:${port}`, token);
    for (let tries = 0; ; tries++) {
      const answer = await fetch(`${lab.base}/api/status?token=${token}`).catch(() => undefined);
      if (answer?.ok) return lab;
      if (child.exitCode !== null || tries > 240) {
        await lab.stop();
        throw new Error(`JupyterLab did not start:\n${log}`);
      }
      await new Promise((done) => setTimeout(done, 250));
    }
  }

  /** Address that opens one notebook in a fresh workspace. */
  address(notebook: string): string {
    return `${this.base}/lab/tree/${encodeURIComponent(notebook)}?reset&token=${this.token}`;
  }

  /** The same in Notebook 7. */
  notebookAddress(notebook: string): string {
    return `${this.base}/notebooks/${encodeURIComponent(notebook)}?token=${this.token}`;
  }

  /** Ids of the kernels that run. */
  async kernels(): Promise<string[]> {
    const answer = await fetch(`${this.base}/api/kernels?token=${this.token}`);
    return ((await answer.json()) as { id: string }[]).map((k) => k.id);
  }

  /**
   * Waits until the page of `notebook` is connected to a kernel of its own that has nothing to do. What the page shows is no sign
   * of that: it draws an idle kernel before it has one, and "Run All Cells" then asks which kernel to start.
   */
  async connected(notebook: string, timeoutMs = 120_000): Promise<void> {
    for (let waited = 0; waited < timeoutMs; waited += 250) {
      const answer = await fetch(`${this.base}/api/sessions?token=${this.token}`);
      const sessions = (await answer.json()) as Session[];
      const kernel = sessions.find(({ path }) => path === notebook)?.kernel;
      if (kernel && kernel.connections > 0 && kernel.execution_state === "idle") return;
      await new Promise((done) => setTimeout(done, 250));
    }
    throw new Error(
      `the page of ${notebook} was not connected to an idle kernel within ${timeoutMs / 1000} s`,
    );
  }

  /** Ends the kernel of one notebook: those of closed pages would stay, each with hundreds of MiB. */
  async endKernelOf(notebook: string): Promise<void> {
    const at = `${this.base}/api/sessions`;
    const answer = await fetch(`${at}?token=${this.token}`);
    const sessions = (await answer.json()) as { id: string; path: string }[];
    for (const { id } of sessions.filter(({ path }) => path === notebook))
      await fetch(`${at}/${id}?token=${this.token}`, { method: "DELETE" });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, "exit");
      this.child.kill("SIGTERM");
      const force = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(force);
    }
    rmSync(this.home, { recursive: true, force: true });
  }
}
