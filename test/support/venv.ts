/** The Jupyter that tests use: the one `npm run lab` prepares, made once when it is missing. */
import "./clean-environment";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { prepareJupyter } from "../../kernel-setup/lab";

/** Its Python; or why there is none, for skipping a test by name. */
export type Jupyter = { readonly python: string } | Missing;
type Missing = { readonly missing: string };

let prepared: Promise<Jupyter> | undefined;

export function jupyter(): Promise<Jupyter> {
  prepared ??= prepareJupyter(() => {}).then(
    (python) => ({ python }),
    (error: Error) => ({ missing: error.message }),
  );
  return prepared;
}

/** A Python package that only tests use, installed beside the environment: its folder; or why it cannot be had. */
export function testPackage(python: string, name: string, version: string): { folder: string } | Missing {
  const folder = join(resolve(__dirname, "../.."), "build", "python", `${name}-${version}`);
  if (existsSync(join(folder, name))) return { folder };
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
  const done = spawnSync(python, [...pip, "--target", folder, `${name}==${version}`], { encoding: "utf8" });
  return done.status === 0 ? { folder } : { missing: `${name}: ${done.stderr.trim().split("\n").pop()}` };
}
