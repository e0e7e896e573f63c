/**
 * Writes the parts of the package as CycloneDX beside it: `npm pack` runs this before it packs. Names, versions, licences and
 * checksums come from the lock file, by `npm sbom`. The same lock file gives the same bytes.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
// npm tells the scripts that it runs where it lies itself, and where the package goes.
const { npm_execpath: npm, npm_config_pack_destination: destination = root } = process.env;
const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
const [program, before] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
const made = spawnSync(program, [...before, ...args], { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
if (made.status !== 0) {
  process.stderr.write(`npm sbom: ${made.stderr.trim().split("\n").pop() || made.error?.message}\n`);
  process.exit(1);
}
const sbom = JSON.parse(made.stdout);
// With `--omit dev` npm leaves out what a development dependency needs too, such as TypeScript.
const isDevelopment = ({ properties = [] }) =>
  properties.some((one) => one.name === "cdx:npm:package:development" && one.value === "true");
const left = new Set(sbom.components.filter(isDevelopment).map((one) => one["bom-ref"]));
sbom.components = sbom.components.filter((one) => !left.has(one["bom-ref"]));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => !left.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => !left.has(one)) }));
// Its number and its time are new each time, and the name is that of the folder.
delete sbom.serialNumber;
delete sbom.metadata.timestamp;
sbom.metadata.component.name = name;
const file = join(resolve(root, destination), `${name}-${version}.cdx.json`);
// A name of its own for each process would be left when that is killed; two that pack into one folder meet anyway.
const scratch = `${file}.tmp`;
try {
  writeFileSync(scratch, `${JSON.stringify(sbom, null, 2)}\n`);
  renameSync(scratch, file);
} catch (error) {
  rmSync(scratch, { force: true });
  process.stderr.write(
    `${file}: cannot be written (${error.message}): what was there before is kept: make room, or name another folder\n`,
  );
  process.exit(1);
}
process.stderr.write(`${file}: ${sbom.components.length} parts\n`);
