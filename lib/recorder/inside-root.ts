/** Runs a shell script inside a root, without a container: the programs see only the root and one folder beside it. */
import { runTool } from "./tool";

/** Programs that run in a root see `work` as /work. The mounts are theirs alone and end with them. */
const INSIDE = `
mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && mount --bind "$1" "$0/work" && exec chroot "$0" /bin/sh -c "$2"
`;

/** Runs `script` in `root`; returns what it wrote. Throws InputError with its last words if it fails. */
export function runInside(root: string, work: string, script: string): string {
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  return runTool("unshare", [...asRoot, "--mount", "sh", "-c", INSIDE, root, work, script]);
}
