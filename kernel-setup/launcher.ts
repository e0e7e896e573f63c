/**
 * Jupyter starts this program: `node launcher.js [--javascript] <connection file>`. Cells run in the folder that Jupyter chose, which
 * is the notebook's own.
 */
import { readFileSync, writeSync } from "node:fs";
import { Kernel } from "./kernel";
import { JAVASCRIPT_OPTION } from "./kernelspec";
import { catchDescriptors } from "./protocol/caught-descriptors";
import { PORT_TAKEN } from "./wire";

const isJavaScript = process.argv[2] === JAVASCRIPT_OPTION;
const connectionFile = process.argv[isJavaScript ? 3 : 2];
if (connectionFile === undefined) {
  process.stderr.write("pageblock kernel: needs the connection file that Jupyter writes: got none\n");
  process.exit(2);
}
// Cells of JavaScript are not checked for types, unless the environment asks for it.
if (isJavaScript) process.env.PAGEBLOCK_CELL_TYPES ??= "off";
const connection = JSON.parse(readFileSync(connectionFile, "utf8"));
const language = isJavaScript ? "javascript" : "typescript";
const caught = catchDescriptors();
async function start(): Promise<void> {
  await new Kernel(connection, caught, process.cwd(), language).start();
}
start().catch((error) => {
  const said = `pageblock kernel: cannot start: ${error instanceof Error ? error.message : error}\n`;
  writeSync(caught.terminal, said);
  process.exit(said.includes(PORT_TAKEN.message) ? PORT_TAKEN.status : 1);
});
