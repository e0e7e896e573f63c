/** Looks at everything the notebook kernel needs, and says for each thing that is wrong how to mend it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { KernelClient } from "./kernel-client";
import { KERNEL_NAME, kernelSpec, readKernelSpec } from "./kernelspec";
import { packageManifest, packageRoot } from "./package-resolution";
import { ask, findJupyterPython, versionOf } from "./python-home";
import { tslabVersion } from "./tslab-internals";

/** One thing looked at: what was found, and if it is wrong, what to do. */
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

/** All findings, in the order in which things depend on each other. */
export async function examine(): Promise<Finding[]> {
  const { python: path, ...pythonFinding } = python();
  const findings: Finding[] = [node(), tslab(), built(), pythonFinding];
  if (path !== undefined) findings.push(jupyterLab(path), registered(path));
  if (findings[2]!.ok) findings.push(await runsACell());
  return findings;
}
