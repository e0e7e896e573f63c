// The long check: `npm run fidelity -- [folder…]` puts every recording in the folders to the model and ends with a
// total. Without a folder it takes PAGEBLOCK_RECORDINGS, else the recordings beside the repository, where they are.
// Exit: 0 all agree, 1 something differs, 2 something cannot be read or there is nothing to check.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const beside = resolve(root, "../shared/kernel-truth");
const given = process.argv.slice(2);
const folders = given.length > 0 ? given : [process.env.PAGEBLOCK_RECORDINGS ?? beside];

if (given.length === 0 && !existsSync(folders[0])) {
  process.stderr.write(
    `fidelity: no recordings: ${folders[0]} is not there; name a folder: npm run fidelity -- <folder>…\n`,
  );
  process.exit(2);
}

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

const cli = join(root, "dist/cli/main.js");
if (!existsSync(cli) || statSync(cli).mtimeMs < newest(join(root, "lib"))) {
  const built = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const args = [cli, "fidelity", "--keep-going", "--summary", ...folders];
process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1);
