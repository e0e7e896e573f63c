/**
 * The Python that runs Jupyter: the one in PAGEBLOCK_PYTHON, otherwise the package's own virtual environment `.venv`
 * (made from kernel-setup/assets/requirements.txt), otherwise the first python3 on the PATH that has Jupyter.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-resolution";
import { SetupError } from "./setup-error";
import { hasEnded, writeWhole } from "./write-whole";

const OLDEST_PYTHON = [3, 10] as const;
/** The file in a virtual environment that records its requirements. */
const MADE_FROM = "pageblock-requirements.sha256";
/** Increase it if the way of making the environment changes, other than the requirements. */
const LAYOUT = 2;
/** A lock that has no owner id after this time was left by a process that died while writing it. */
const LOCK_UNSIGNED_MS = 10_000;

const requirementsFile = () => join(__dirname, "assets", "requirements.txt");
export const venvOf = (root: string) => join(root, ".venv");

/** The Python inside a virtual environment. */
export function pythonIn(venv: string): string {
  return process.platform === "win32" ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");
}

/** Runs Python code and returns its output, or undefined if it fails. */
export function ask(python: string, code: string): string | undefined {
  const done = spawnSync(python, ["-c", code], { encoding: "utf8", timeout: 60_000 });
  return done.status === 0 ? done.stdout.trim() : undefined;
}

/** `[3, 11]`, or undefined if it does not run. */
export function versionOf(python: string): readonly [number, number] | undefined {
  const printed = ask(python, "import sys; print(sys.version_info[0], sys.version_info[1])");
  const [major, minor] = (printed ?? "").split(" ").map(Number);
  return major === undefined || minor === undefined ? undefined : [major, minor];
}

function isNewEnough([major, minor]: readonly [number, number]): boolean {
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}

const WHAT_TO_DO = "on Debian: apt install python3 python3-venv";

/** A Python to make the virtual environment with. */
export function findBasePython(): string {
  const names = process.platform === "win32" ? ["python", "python3", "py"] : ["python3", "python"];
  const found = names.flatMap((name) => {
    const version = versionOf(name);
    return version === undefined ? [] : [{ name, version }];
  });
  const good = found.find(({ version }) => isNewEnough(version));
  if (good !== undefined) return good.name;
  const wanted = `Python ${OLDEST_PYTHON.join(".")} or newer`;
  if (found.length === 0) throw new SetupError(`python: ${wanted} is needed: found none; ${WHAT_TO_DO}`);
  throw new SetupError(`python: ${wanted} is needed: found ${found[0]!.version.join(".")}; ${WHAT_TO_DO}`);
}

function wantedMark(): string {
  return createHash("sha256").update(`${LAYOUT}\n`).update(readFileSync(requirementsFile())).digest("hex");
}

/** True if `.venv` of `root` has the Jupyter of the requirements. */
export function venvIsReady(root: string): boolean {
  const mark = join(venvOf(root), MADE_FROM);
  return (
    existsSync(pythonIn(venvOf(root))) &&
    existsSync(mark) &&
    readFileSync(mark, "utf8").trim() === wantedMark()
  );
}

/**
 * Makes `.venv` in `root` with the pinned Jupyter, unless it exists; returns its Python. Several processes may call it
 * at the same time. Throws SetupError that says what to do if Python, venv or the package index is missing.
 */
export async function ensureVenv(root: string, say: (line: string) => void): Promise<string> {
  const python = pythonIn(venvOf(root));
  if (venvIsReady(root)) return python;
  const lock = join(root, ".venv.lock");
  while (!takeLock(lock)) await new Promise((done) => setTimeout(done, 500));
  try {
    if (!venvIsReady(root)) {
      const base = findBasePython();
      if (versionOf(python) === undefined) makeVenv(base, venvOf(root), say);
      installJupyter(python, say);
      quietJupyterLab(venvOf(root));
      writeWhole(join(venvOf(root), MADE_FROM), `${wantedMark()}\n`);
    }
    return python;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Takes the lock file, which contains its owner's process id; removes the lock of a dead owner. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw new SetupError(`python: cannot write ${lock}: ${(error as Error).message}`);
  }
  if (ownerIsDead(lock)) rmSync(lock, { force: true });
  return false;
}

function ownerIsDead(lock: string): boolean {
  try {
    const owner = Number(readFileSync(lock, "utf8"));
    return owner === 0 ? Date.now() - statSync(lock).mtimeMs > LOCK_UNSIGNED_MS : hasEnded(owner);
  } catch {
    // Whoever held the lock has given it back.
    return false;
  }
}

function makeVenv(base: string, venv: string, say: (line: string) => void): void {
  say(`making a virtual environment in ${venv}`);
  rmSync(venv, { recursive: true, force: true });
  const made = spawnSync(base, ["-m", "venv", venv], { encoding: "utf8" });
  if (made.status === 0) return;
  rmSync(venv, { recursive: true, force: true });
  const other = spawnSync(base, ["-m", "virtualenv", venv], { encoding: "utf8" });
  if (other.status === 0) return;
  rmSync(venv, { recursive: true, force: true });
  throw new SetupError(
    `python: ${base} cannot make a virtual environment: its venv module is incomplete; ${WHAT_TO_DO}`,
  );
}

function installJupyter(python: string, say: (line: string) => void): void {
  say("installing JupyterLab from the Python package index (about 100 MB, once)");
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirementsFile()];
  const done = spawnSync(python, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (done.status === 0) return;
  const reason =
    done.stderr
      .split("\n")
      .filter((l) => l.startsWith("ERROR"))
      .pop() ?? done.stderr.trim();
  throw new SetupError(
    `python: pip could not install JupyterLab: ${reason}; connect to a package index, or name a Python that has JupyterLab 4 in PAGEBLOCK_PYTHON`,
  );
}

/** JupyterLab asks every new user about news and looks for updates of itself; here it is pinned. */
function quietJupyterLab(venv: string): void {
  const folder = join(venv, "share", "jupyter", "lab", "settings");
  const settings = {
    "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
  };
  mkdirSync(folder, { recursive: true });
  writeWhole(join(folder, "overrides.json"), `${JSON.stringify(settings, null, 1)}\n`);
}

/** Fails unless Jupyter's nbclient is there. Found and not imported: whoever runs a notebook imports it soon enough. */
const HAS_NBCLIENT =
  "import importlib.util as u; assert all(map(u.find_spec, ('nbclient', 'nbformat', 'jupyter_client')))";

/** A Python with nbclient, for running notebooks; throws SetupError when there is none. */
export function findJupyterPython(root = packageRoot()): string {
  const named = process.env.PAGEBLOCK_PYTHON;
  const candidates = named ? [named] : [pythonIn(venvOf(root)), "python3", "python"];
  const found = candidates.find((p) => ask(p, HAS_NBCLIENT) !== undefined);
  if (found !== undefined) return found;
  throw new SetupError(
    named
      ? `python: PAGEBLOCK_PYTHON must name a Python with nbclient: got ${named}`
      : "python: no Python with Jupyter's nbclient was found: `npm run lab` makes one in .venv, or name one in PAGEBLOCK_PYTHON",
  );
}
