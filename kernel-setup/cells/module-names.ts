/**
 * Packages that an import in a cell can name: those installed above the notebook's folder, and those of this package.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageManifest } from "../package-resolution";

interface Offer {
  readonly text: string;
  readonly order: string;
  readonly span: { readonly start: number; readonly end: number };
}

/** The beginning of a module's name before the cursor. */
const NAMING = /(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*(["'])([@\w][\w@./-]{0,200}|)$/;
/** Behind what TypeScript offers. */
const ORDER = "20";

/** Names that can stand where the cursor is, if that is in the name of a package. */
export function modulesAt(cwd: string, code: string, position: number): Offer[] {
  const match = NAMING.exec(code.slice(Math.max(0, position - 300), position));
  if (match === null) return [];
  const typed = match[2]!;
  const rest = /^[\w@./-]*/.exec(code.slice(position))![0].length;
  const span = { start: position - typed.length, end: position + rest };
  return packageNames(cwd)
    .filter((name) => name.startsWith(typed))
    .map((text) => ({ text, order: ORDER, span }));
}

function packageNames(cwd: string): string[] {
  const { name, exports, dependencies } = packageManifest();
  const doors = Object.keys(exports).filter((door) => !door.endsWith(".json"));
  const own = [...doors.map((door) => name + door.slice(1)), ...Object.keys(dependencies)];
  const names = new Set(own.filter((one) => !one.startsWith("@types/")));
  for (let folder = cwd; ; folder = dirname(folder)) {
    const packages = join(folder, "node_modules");
    for (const one of list(packages))
      if (one.startsWith("@") && one !== "@types")
        for (const inside of list(join(packages, one))) names.add(`${one}/${inside}`);
      else if (!/^[.@]/.test(one)) names.add(one);
    if (dirname(folder) === folder) return [...names].sort();
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
