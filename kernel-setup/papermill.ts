/**
 * papermill's `-p` for TypeScript notebooks. papermill asks a translator of the notebook's language to write the cell with
 * the parameters, and knows none for TypeScript; it loads modules of other packages by their entry points. Here such a
 * package is put beside papermill: two files, for which pip is not needed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packageManifest } from "./package-resolution";
import { writeWhole } from "./write-whole";

const MODULE = "pageblock_papermill";

/** The folders of installed packages under a prefix. */
function sitePackages(prefix: string): string[] {
  if (process.platform === "win32") return [join(prefix, "Lib", "site-packages")].filter(existsSync);
  const lib = join(prefix, "lib");
  if (!existsSync(lib)) return [];
  const pythons = readdirSync(lib).filter((name) => /^python3\.\d+$/.test(name));
  return pythons.map((name) => join(lib, name, "site-packages")).filter(existsSync);
}

const distInfo = (folder: string) =>
  join(folder, `${MODULE}-${packageManifest().version.replaceAll("-", "_")}.dist-info`);

/** Puts the translator beside every papermill under `prefix`; returns how many there were. */
export function installTranslator(prefix: string): number {
  const folders = sitePackages(prefix).filter((folder) => existsSync(join(folder, "papermill")));
  const { name, version } = packageManifest();
  for (const folder of folders) {
    removeFrom(folder);
    const info = distInfo(folder);
    mkdirSync(info, { recursive: true });
    writeWhole(
      join(folder, `${MODULE}.py`),
      readFileSync(join(__dirname, "assets", "papermill", `${MODULE}.py`)),
    );
    const about = `Metadata-Version: 2.1\nName: ${MODULE}\nVersion: ${version}\nSummary: Parameters of TypeScript notebooks\n`;
    writeWhole(join(info, "METADATA"), about);
    writeWhole(join(info, "INSTALLER"), `${name}\n`);
    writeWhole(join(info, "entry_points.txt"), `[papermill.engine]\n${name} = ${MODULE}:PageblockEngine\n`);
    // pip uninstall removes the files that are listed here.
    const files = [
      `${MODULE}.py`,
      ...["METADATA", "INSTALLER", "entry_points.txt", "RECORD"].map((file) => join(info, file)),
    ];
    const listed = files.map((file) => `${file.replace(`${folder}/`, "").replaceAll("\\", "/")},,`);
    writeWhole(join(info, "RECORD"), `${listed.join("\n")}\n`);
  }
  return folders.length;
}

/** Removes it again. */
export function removeTranslator(prefix: string): void {
  for (const folder of sitePackages(prefix)) removeFrom(folder);
}

function removeFrom(folder: string): void {
  rmSync(join(folder, `${MODULE}.py`), { force: true });
  const infos = readdirSync(folder).filter(
    (name) => name.startsWith(`${MODULE}-`) && name.endsWith(".dist-info"),
  );
  for (const name of infos) rmSync(join(folder, name), { recursive: true, force: true });
}
