/** Checks everything that the notebook kernel needs, and says how to fix what is wrong. */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { KernelClient } from "./kernel-client";
import { kernelInfo } from "./kernel-info";
import { KERNEL_NAME, type KernelSpec, kernelSpec, readKernelSpec } from "./kernelspec";
import { packageManifest, packageRoot } from "./package-resolution";
import { ask, findJupyterPython, versionOf } from "./python-home";
import { tslabVersion } from "./tslab-internals";

/** One check: its finding and, if it failed, what to do. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly mend?: string;
}

const OLDEST_NODE = 20;
const JUPYTERLAB_MAJOR = "4";

function node(): Finding {
  const ok = Number(process.versions.node.split(".")[0]) >= OLDEST_NODE;
  return { what: "Node.js", ok, found: process.version, mend: `install Node.js ${OLDEST_NODE} or newer` };
}

function tslab(): Finding {
  const pinned = packageManifest().dependencies.tslab;
  return {
    what: "tslab",
    ok: tslabVersion === pinned,
    found: tslabVersion,
    mend: `npm install: needs ${pinned}`,
  };
}

function built(): Finding {
  const files = [kernelSpec().argv[2]!, join(packageRoot(), "dist", "index.js")];
  const missing = files.find((f) => !existsSync(f));
  const found = missing === undefined ? packageRoot() : `${missing} is missing`;
  return { what: "package built", ok: missing === undefined, found, mend: "npm run build" };
}

function python(): Finding & { readonly python?: string } {
  const what = "Python with Jupyter";
  try {
    const path = findJupyterPython();
    return { what, ok: true, found: `${path} (${versionOf(path)?.join(".")})`, python: path };
  } catch (error) {
    return { what, ok: false, found: (error as Error).message, mend: "npm run lab" };
  }
}

function jupyterLab(path: string): Finding {
  const version = ask(path, "import jupyterlab; print(jupyterlab.__version__)");
  const ok = version?.split(".")[0] === JUPYTERLAB_MAJOR;
  const mend = `${path} -m pip install "jupyterlab>=4,<5", or npm run lab`;
  return { what: "JupyterLab", ok, found: version ?? "not installed", mend };
}

/** An optional front end or tool; if it is installed, its version must be a tested one. */
const TOOLS = [
  { what: "Notebook", module: "notebook", major: "7", needed: false },
  { what: "nbconvert", module: "nbconvert", major: "7", needed: false },
  { what: "nbclient", module: "nbclient", major: "0", needed: true },
] as const;

function tool(path: string, { what, module, major, needed }: (typeof TOOLS)[number]): Finding {
  const version = ask(path, `import ${module}; print(${module}.__version__)`);
  const mend = `${path} -m pip install "${module}>=${major},<${Number(major) + 1}", or npm run lab`;
  if (version === undefined)
    return needed
      ? { what, ok: false, found: "not installed", mend }
      : { what, ok: true, found: `not installed (optional: ${path} -m pip install ${module})` };
  return { what, ok: version.split(".")[0] === major, found: version, mend };
}

/**
 * Visual Studio Code needs no Python: it lists the kernelspecs in Jupyter's data folders that start an existing
 * program, opens cells in the language of the kernelspec, and shows the richest MIME type of an output that it can
 * render.
 */
function visualStudioCode(folder: string | undefined): Finding {
  const what = "VS Code (by its documented contract)";
  const mend = "pageblock kernel install --user";
  const spec = folder === undefined ? kernelSpec() : readKernelSpec(folder);
  if (typeof spec === "string") return { what, ok: false, found: spec, mend };
  const lacking = lackingForVsCode(spec);
  if (lacking.length > 0) return { what, ok: false, found: `kernel.json: ${lacking.join("; ")}`, mend };
  return { what, ok: true, found: 'kernel.json names program, connection file and language "typescript"' };
}

/** What VS Code's Jupyter extension needs in a kernel.json and does not find, in words. */
export function lackingForVsCode(spec: KernelSpec): string[] {
  const { name, file_extension: extension } = kernelInfo().language_info;
  return [
    spec.argv.includes("{connection_file}") ? "" : "argv must hold {connection_file}",
    isAbsolute(spec.argv[0] ?? "") && existsSync(spec.argv[0]!)
      ? ""
      : "argv must start an existing program by its path",
    spec.display_name ? "" : "display_name is missing",
    spec.language === name ? "" : `language must be ${name}, the kernel's: got ${spec.language}`,
    extension === ".ts" ? "" : `file_extension must be .ts: got ${extension}`,
    spec.interrupt_mode === "message" ? "" : "interrupt_mode must be message",
  ].filter((words) => words !== "");
}

const FIND_SPEC = `
from jupyter_client.kernelspec import KernelSpecManager
print(KernelSpecManager().find_kernel_specs().get("${KERNEL_NAME}", ""))`;
const ENVIRONMENT = "import sys; print(sys.prefix if sys.prefix != sys.base_prefix else '')";

function registered(path: string): Finding {
  const what = "kernel registered";
  const environment = ask(path, ENVIRONMENT);
  const mend = `pageblock kernel install ${environment ? `--prefix ${environment}` : "--user"}`;
  const folder = ask(path, FIND_SPEC);
  if (!folder) return { what, ok: false, found: `${path} knows no kernel named ${KERNEL_NAME}`, mend };
  const spec = readKernelSpec(folder);
  if (typeof spec === "string") return { what, ok: false, found: spec, mend };
  const missing = [spec.argv[0]!, ...spec.argv.filter((a) => a.endsWith(".js"))].find((f) => !existsSync(f));
  if (missing !== undefined)
    return { what, ok: false, found: `${folder} starts ${missing}, which is not there`, mend };
  if (!spec.argv.includes(kernelSpec().argv[2]!))
    return { what, ok: false, found: `${folder} starts another copy: ${spec.argv.join(" ")}`, mend };
  return { what, ok: true, found: folder };
}

async function runsACell(): Promise<Finding> {
  const what = "kernel runs a cell";
  const mend = "reinstall with npm ci, then npm run build";
  let client: KernelClient | undefined;
  try {
    client = await KernelClient.start(process.cwd());
    const { name } = packageManifest();
    const answer = await client.execute(`import * as all from "${name}"; Object.keys(all).length`);
    const failed = answer.output.find((m) => m.type === "error");
    if (failed) return { what, ok: false, found: `${failed.content.ename}: ${failed.content.evalue}`, mend };
    const value = answer.output.find((m) => m.type === "execute_result")?.content.data["text/plain"];
    return { what, ok: Number(value) > 0, found: `${value} names imported from "${name}"`, mend };
  } catch (error) {
    return { what, ok: false, found: (error as Error).message.split("\n")[0]!, mend };
  } finally {
    await client?.stop();
  }
}

/** All findings, in order of dependency. */
export async function examine(): Promise<Finding[]> {
  const { python: path, ...pythonFinding } = python();
  const findings: Finding[] = [node(), tslab(), built(), pythonFinding];
  if (path !== undefined) {
    findings.push(jupyterLab(path), ...TOOLS.map((one) => tool(path, one)), registered(path));
    findings.push(visualStudioCode(ask(path, FIND_SPEC) || undefined));
  }
  if (findings[2]!.ok) findings.push(await runsACell());
  return findings;
}
