/** `pageblock kernel install|uninstall|doctor`: the TypeScript kernel in Jupyter. */

import { type Command, Option } from "commander";
import { InputError } from "../base/errors";
import { printableJson } from "../base/printable";
import { kernelSetup, withSetupErrors } from "./kernel-setup";

interface PlaceOptions {
  readonly user?: boolean;
  readonly prefix?: string;
  readonly venv?: boolean;
}

function place({ user, prefix, venv }: PlaceOptions): { user: true } | { prefix: string } | { venv: true } {
  if ([user, prefix, venv].filter((o) => o !== undefined).length > 1)
    throw new InputError("kernel: --user, --prefix and --venv exclude each other: got more than one");
  if (prefix !== undefined) return { prefix };
  return venv ? { venv } : { user: true };
}

function withPlace(command: Command): Command {
  return command
    .addOption(new Option("--user", "for this user (the default)"))
    .addOption(new Option("--prefix <folder>", "under <folder>/share/jupyter/kernels"))
    .addOption(new Option("--venv", "in the activated virtual environment, otherwise in .venv"));
}

async function doctor({ json }: { json?: boolean }): Promise<void> {
  const findings = await withSetupErrors(() => kernelSetup("doctor").examine());
  const lines = findings.flatMap(({ what, ok, found, mend }) => [
    `${ok ? "ok   " : "WRONG"} ${what}: ${found}`,
    ...(ok || mend === undefined ? [] : [`      to mend: ${mend}`]),
  ]);
  process.stdout.write(json ? `${printableJson(findings)}\n` : `${lines.join("\n")}\n`);
  if (findings.some((f) => !f.ok)) process.exitCode = 1;
}

export function register(program: Command): void {
  const kernel = program.command("kernel").description("the TypeScript notebook kernel for Jupyter");
  withPlace(kernel.command("install").description("register the kernel with Jupyter")).action(
    async (options: PlaceOptions) => {
      const folder = await withSetupErrors(() => kernelSetup("kernelspec").installKernel(place(options)));
      process.stdout.write(`installed: ${folder}\n`);
    },
  );
  withPlace(kernel.command("uninstall").description("remove the kernel from Jupyter")).action(
    async (options: PlaceOptions) => {
      const folder = await withSetupErrors(() => kernelSetup("kernelspec").uninstallKernel(place(options)));
      process.stdout.write(`removed: ${folder}\n`);
    },
  );
  kernel
    .command("doctor")
    .description("check the set-up, and say how to fix it")
    .option("--json", "print one JSON array of {what, ok, found, mend}")
    .action(doctor);
}
