/**
 * The kernels' entries in Jupyter: folders `kernels/pageblock` and `kernels/pageblock-js` with a kernel.json that starts this package's launcher
 * with the Node.js that runs now. Written here, without Python; `tslab install` needs one with jupyter_client.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { packageManifest, packageRoot } from "./package-resolution";
import { installTranslator, removeTranslator } from "./papermill";
import { SetupError } from "./setup-error";
import { PROTOCOL_VERSION } from "./wire";
import { writeWhole } from "./write-whole";

/** The language of a kernel's cells. Cells of JavaScript are not checked for types; in all else the kernels are one. */
export type KernelLanguage = "typescript" | "javascript";

/** The folders of the kernels' entries. */
export const KERNEL_NAMES: Readonly<Record<KernelLanguage, string>> = {
  typescript: "pageblock",
  javascript: "pageblock-js",
};
export const KERNEL_NAME = KERNEL_NAMES.typescript;
const LANGUAGES = Object.keys(KERNEL_NAMES) as KernelLanguage[];
const DISPLAY_NAMES: Readonly<Record<KernelLanguage, string>> = {
  typescript: "TypeScript (pageblock)",
  javascript: "JavaScript (pageblock)",
};
/** Given to the launcher behind its own path. */
export const JAVASCRIPT_OPTION = "--javascript";

/** Where a notebook kernel is registered: for this user, under a prefix, or in the active virtual environment. */
export type Place = { readonly user: true } | { readonly prefix: string } | { readonly venv: true };

export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: "message";
  readonly kernel_protocol_version: string;
  readonly metadata: { readonly debugger: true; readonly pageblock: string };
}

/**
 * Async-hook checks are off: an interrupted callback leaves Node's bookkeeping unbalanced, which the checks make
 * fatal.
 */
export function kernelSpec(language: KernelLanguage = "typescript"): KernelSpec {
  const launcher = join(packageRoot(), "dist", "kernel-setup", "launcher.js");
  const options = language === "javascript" ? [JAVASCRIPT_OPTION] : [];
  return {
    argv: [process.execPath, "--no-force-async-hooks-checks", launcher, ...options, "{connection_file}"],
    display_name: DISPLAY_NAMES[language],
    language,
    interrupt_mode: "message",
    kernel_protocol_version: PROTOCOL_VERSION,
    metadata: { debugger: true, pageblock: packageManifest().version },
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

/** The folder under which entries of kernels are at `place`; the prefix it belongs to, unless it is the user's. */
function kernelsAt(place: Place): { kernels: string; prefix: string | undefined } {
  if ("user" in place) return { kernels: join(userDataFolder(), "kernels"), prefix: undefined };
  const prefix = resolve("venv" in place ? venvFolder() : place.prefix);
  if (!existsSync(prefix) || !statSync(prefix).isDirectory())
    throw new SetupError(`kernel: --prefix must be an existing folder: got ${prefix}`);
  return { kernels: join(prefix, "share", "jupyter", "kernels"), prefix };
}

/**
 * Registers the kernels of both languages, replacing older entries, and papermill's translator where there is a papermill. Returns
 * the folder of the TypeScript kernel. Throws SetupError if the prefix is not a folder.
 */
export function installKernel(place: Place): string {
  const { kernels, prefix } = kernelsAt(place);
  const launcher = kernelSpec().argv[2]!;
  if (!existsSync(launcher))
    throw new SetupError(`kernel install: the package is not built: ${launcher} is missing: npm run build`);
  try {
    for (const language of LANGUAGES) {
      const folder = join(kernels, KERNEL_NAMES[language]);
      mkdirSync(folder, { recursive: true });
      writeWhole(join(folder, "logo-svg.svg"), readFileSync(join(__dirname, "assets", "logo-svg.svg")));
      writeWhole(join(folder, "kernel.json"), `${JSON.stringify(kernelSpec(language), null, 1)}\n`);
    }
    if (prefix !== undefined) installTranslator(prefix);
  } catch (error) {
    throw new SetupError(`kernel install: cannot write ${kernels}: ${(error as Error).message}`);
  }
  return join(kernels, KERNEL_NAME);
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

/** Removes the kernels' entries; returns the folder of the TypeScript kernel. Throws SetupError when there is none. */
export function uninstallKernel(place: Place): string {
  const { kernels, prefix } = kernelsAt(place);
  const folder = join(kernels, KERNEL_NAME);
  if (!existsSync(join(folder, "kernel.json")))
    throw new SetupError(`kernel uninstall: no kernel is installed there: ${folder}`);
  try {
    for (const language of LANGUAGES)
      rmSync(join(kernels, KERNEL_NAMES[language]), { recursive: true, force: true });
    if (prefix !== undefined) removeTranslator(prefix);
  } catch (error) {
    throw new SetupError(`kernel uninstall: cannot remove ${folder}: ${(error as Error).message}`);
  }
  return folder;
}
