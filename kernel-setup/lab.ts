/**
 * `npm run lab`, once the package is built: prepares Jupyter, registers the kernel in it, and opens JupyterLab on
 * notebooks/, or with --headless executes all notebooks and exports them to build/write-ups/.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { headless } from "./headless";
import { installKernel } from "./kernelspec";
import { packageRoot } from "./package-resolution";
import { ask, ensureVenv } from "./python-home";
import { SetupError } from "./setup-error";

export const HELP = `npm run lab                 open JupyterLab on notebooks/
npm run lab -- --headless   execute every notebook and export it to build/write-ups/, as a site (pageblock serve shows it)
  --port N       port to listen on (default 8888; the next free one if it is taken)
  --no-browser   print the address instead of opening a browser
  --out DIR      where --headless writes (default build/write-ups)
  --set NAME=VALUE  with --headless: another value for a parameter of the notebooks that have it; repeatable`;

interface LabOptions {
  readonly headless: boolean;
  readonly port: number;
  readonly browser: boolean;
  readonly out: string;
  readonly set: readonly string[];
}

export function parseLabOptions(argv: readonly string[]): LabOptions {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        headless: { type: "boolean", default: false },
        port: { type: "string", default: "8888" },
        "no-browser": { type: "boolean", default: false },
        out: { type: "string", default: join(packageRoot(), "build", "write-ups") },
        set: { type: "string", multiple: true, default: [] },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Error(`--port must be 1 to 65535: got ${values.port}`);
    const { headless = false, "no-browser": quiet = false, out = "", set = [] } = values;
    if (set.length > 0 && !headless) throw new Error("--set needs --headless");
    return { headless, port, browser: !quiet, out: resolve(out), set };
  } catch (error) {
    throw new SetupError(`lab: ${(error as Error).message}`);
  }
}

/**
 * The Python with JupyterLab: PAGEBLOCK_PYTHON's, otherwise .venv, made if missing. The notebook kernel is registered
 * in it.
 */
export async function prepareJupyter(say: (line: string) => void): Promise<string> {
  const named = process.env.PAGEBLOCK_PYTHON;
  if (named !== undefined && ask(named, "import jupyterlab, nbclient") === undefined)
    throw new SetupError(`lab: PAGEBLOCK_PYTHON must name a Python with JupyterLab: got ${named}`);
  const python = named ?? (await ensureVenv(packageRoot(), say));
  const prefix =
    named === undefined ? dirname(dirname(python)) : ask(python, "import sys; print(sys.prefix)")!;
  installKernel({ prefix });
  return python;
}

/**
 * Arguments of `python` that start JupyterLab on `folder`, on the loopback interface, with a token of its own. `opened`: a folder in
 * it that is opened first.
 */
export function jupyterLabArguments(folder: string, port: number, browser: boolean, opened = ""): string[] {
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  return [
    ...["-m", "jupyter", "lab", "--ip=127.0.0.1", `--port=${port}`, `--ServerApp.root_dir=${folder}`],
    ...(opened === ""
      ? []
      : [
          `--FileContentsManager.preferred_dir=${join(folder, opened)}`,
          `--LabApp.default_url=/lab/tree/${opened}`,
        ]),
    ...(browser ? [] : ["--no-browser"]),
    ...asRoot,
    // Charts and long listings are larger than the server's default limits for a second.
    "--ZMQChannelsWebsocketConnection.iopub_data_rate_limit=1e9",
    "--ZMQChannelsWebsocketConnection.iopub_msg_rate_limit=1e6",
  ];
}

async function run(command: string, args: readonly string[], folder: string): Promise<number> {
  const child = spawn(command, args, { cwd: folder, stdio: "inherit" });
  // The terminal's Ctrl-C reaches the child too, which asks what to do; a signal to this process alone is passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code] = await once(child, "exit");
  return code ?? 1;
}

/** Runs the lab; returns the exit status. */
export async function lab(argv: readonly string[]): Promise<number> {
  const say = (line: string) => process.stdout.write(`lab: ${line}\n`);
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  try {
    const options = parseLabOptions(argv);
    const root = packageRoot();
    const python = await prepareJupyter(say);
    if (options.headless) return await headless(root, options.out, options.set, say);
    const notebooks = join(root, "notebooks");
    mkdirSync(notebooks, { recursive: true });
    const own = readdirSync(notebooks).filter((name) => name.endsWith(".ipynb"));
    // Trusts the notebooks of the package, so that scripts in their outputs run; others ask first.
    if (own.length > 0) await run(python, ["-m", "jupyter", "trust", ...own], notebooks);
    // The whole package is served: notebooks link to its documentation, which a server of their folder alone could not open.
    return await run(python, jupyterLabArguments(root, options.port, options.browser, "notebooks"), root);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}
