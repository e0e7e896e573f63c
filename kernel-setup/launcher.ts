/**
 * Jupyter starts this program: `node launcher.js <connection file>`. Cells run in the folder that Jupyter chose, which
 * is the notebook's own.
 */
import { readFileSync } from "node:fs";
import { Kernel } from "./kernel";

const connectionFile = process.argv[2];
if (connectionFile === undefined) {
  process.stderr.write("pageblock kernel: needs the connection file that Jupyter writes: got none\n");
  process.exit(2);
}
new Kernel(JSON.parse(readFileSync(connectionFile, "utf8")), process.cwd()).start().catch((error) => {
  process.stderr.write(`pageblock kernel: cannot start: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
