#!/usr/bin/env node
/**
 * `pageblock`: one file per command. Exit status 0: done, 1: a check found a difference, 2: invalid input (one line on
 * stderr).
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { Command, CommanderError } from "commander";
import { InputError, told } from "../base/errors";

/** What the file of a command exports; the file has the name of the command. */
interface CommandFile {
  register(program: Command): void;
}

/**
 * Registers the command of this name or, if there is none, all commands: the files of this folder that export
 * `register`. Loads a single file if possible, so that start-up is fast.
 */
function registerCommands(program: Command, asked: string | undefined): void {
  const ending = extname(__filename);
  const files = readdirSync(__dirname)
    .filter((file) => file.endsWith(ending) && !file.endsWith(".d.ts"))
    .map((file) => basename(file, ending))
    .filter((name) => name !== "main");
  const load = (name: string) => (require(join(__dirname, name)) as Partial<CommandFile>).register;
  const one = asked !== undefined && files.includes(asked) ? load(asked) : undefined;
  if (one !== undefined) one(program);
  else for (const name of files.sort()) load(name)?.(program);
}

async function main(argv: string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8"));
  const program = new Command("pageblock")
    .description("A laboratory for the Linux physical page allocator")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(`${told(message.trimEnd())}\n`) })
    .showHelpAfterError(false);
  const asked = argv.find((a) => !a.startsWith("-"));
  registerCommands(program, asked);
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof InputError) {
      process.stderr.write(`pageblock: ${error.message}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`pageblock: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 70;
  },
);
