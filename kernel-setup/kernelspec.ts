/**
 * The kernel's entry in Jupyter: a folder `kernels/pageblock` with a kernel.json that starts this package's launcher
 * with the Node.js that runs now. Written here, without Python; `tslab install` needs one with jupyter_client.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { packageManifest, packageRoot } from "./package-resolution";
import { SetupError } from "./setup-error";

export const KERNEL_NAME = "pageblock";
export const DISPLAY_NAME = "TypeScript (pageblock)";

/** Where a notebook kernel is registered: for this user, under a prefix, or in the active virtual environment. */
export type Place = { readonly user: true } | { readonly prefix: string } | { readonly venv: true };

export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: "message";
  readonly metadata: { readonly debugger: false; readonly pageblock: string };
}

/**
 * Async-hook checks are off: an interrupted callback leaves Node's bookkeeping unbalanced, which the checks make
 * fatal.
 */
export function kernelSpec(): KernelSpec {
  const launcher = join(packageRoot(), "dist", "kernel-setup", "launcher.js");
  return {
    argv: [process.execPath, "--no-force-async-hooks-checks", launcher, "{connection_file}"],
    display_name: DISPLAY_NAME,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false, pageblock: packageManifest().version },
  };
}

/** Jupyter's data folder of the user (jupyter_core.paths). */
function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, APPDATA, XDG_DATA_HOME } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(APPDATA ?? join(homedir(), "AppData", "Roaming"), "jupyter");
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter");
}

/** The virtual environment in use: the activated one, otherwise the package's own `.venv`. */
function venvFolder(): string {
  const candidates = [process.env.VIRTUAL_ENV, join(packageRoot(), ".venv")];
  const found = candidates.find((f) => f !== undefined && existsSync(join(f, "pyvenv.cfg")));
  if (found === undefined)
    throw new SetupError(
      "kernel: --venv needs an activated virtual environment or one in .venv: found neither; `npm run lab` makes one",
    );
  return found;
}

/** Folder of the kernel's entry at `place`. Throws SetupError if the prefix is not a folder. */
export function kernelFolder(place: Place): string {
  if ("user" in place) return join(userDataFolder(), "kernels", KERNEL_NAME);
  const prefix = resolve("venv" in place ? venvFolder() : place.prefix);
  if (!existsSync(prefix) || !statSync(prefix).isDirectory())
    throw new SetupError(`kernel: --prefix must be an existing folder: got ${prefix}`);
  return join(prefix, "share", "jupyter", "kernels", KERNEL_NAME);
}

/** Writes a file under a temporary name first, so that no reader sees a partial file. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Registers the kernel, replacing an older entry; returns its folder. */
export function installKernel(place: Place): string {
  const folder = kernelFolder(place);
  const spec = kernelSpec();
  if (!existsSync(spec.argv[2]!))
    throw new SetupError(
      `kernel install: the package is not built: ${spec.argv[2]} is missing: npm run build`,
    );
  try {
    mkdirSync(folder, { recursive: true });
    writeWhole(join(folder, "logo-svg.svg"), readFileSync(join(__dirname, "assets", "logo-svg.svg")));
    writeWhole(join(folder, "kernel.json"), `${JSON.stringify(spec, null, 1)}\n`);
  } catch (error) {
    throw new SetupError(`kernel install: cannot write ${folder}: ${(error as Error).message}`);
  }
  return folder;
}

/** Reads the kernel.json in `folder`, or says in words why it cannot be used. */
export function readKernelSpec(folder: string): KernelSpec | string {
  const path = join(folder, "kernel.json");
  try {
    const spec = JSON.parse(readFileSync(path, "utf8")) as KernelSpec;
    return Array.isArray(spec.argv) && spec.argv.length > 0 ? spec : `${path}: has no argv`;
  } catch (error) {
    return `${path}: ${(error as Error).message}`;
  }
}

/** Removes the kernel's entry; returns its folder. Throws SetupError when there is none. */
export function uninstallKernel(place: Place): string {
  const folder = kernelFolder(place);
  if (!existsSync(join(folder, "kernel.json")))
    throw new SetupError(`kernel uninstall: no kernel is installed there: ${folder}`);
  try {
    rmSync(folder, { recursive: true });
  } catch (error) {
    throw new SetupError(`kernel uninstall: cannot remove ${folder}: ${(error as Error).message}`);
  }
  return folder;
}
