/** `pageblock serve [--dir build/write-ups] [--port 0]`: shows a folder of write-ups to this computer's browsers, until Ctrl-C. */
import type { Command } from "commander";
import { InputError } from "../base/errors";
import { serveFolder } from "../report/static-server";
import { interruptible } from "./interruptible";

const PORT_MOST = 65_535;

export function register(program: Command): void {
  program
    .command("serve")
    .description("show a folder of write-ups at an address of this computer only; Ctrl-C ends it")
    .option("--dir <folder>", "the folder", "build/write-ups")
    .option("--port <n>", "port to listen on; 0: a free one", "0")
    .action(async ({ dir, port }: { dir: string; port: string }) => {
      const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
      if (!(number <= PORT_MOST))
        throw new InputError(`serve: --port must be from 0 to ${PORT_MOST}: got ${port}`);
      const { stopped, stop } = interruptible();
      const served = await serveFolder(dir, number);
      process.stdout.write(`${dir} is at ${served.url} (Ctrl-C ends it)\n`);
      await stopped;
      stop();
      await served.close();
    });
}
