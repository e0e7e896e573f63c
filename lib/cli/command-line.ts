/** The command line as a function: commands are files of this folder, and everything that goes wrong is a line on stderr and a status. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { Command, CommanderError } from "commander";
import { InputError, told } from "../base/errors";

/** What the file of a command exports; the file has the name of the command. */
interface CommandFile {
  register(program: Command): void;
}

/** Commander puts its guess on a line of its own. */
const inOneLine = (message: string) => message.trimEnd().replace(/\n(?=\(Did you mean [^\n]*\)$)/, " ");

/** Exit status of bugs of ours. */
const INTERNAL = 70;

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

/** The program with the command `asked`, or with all of them. */
export function programWith(asked?: string): Command {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8"));
  const program = new Command("pageblock")
    .description("A laboratory for the Linux physical page allocator")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(`${told(inOneLine(message))}\n`) })
    .showHelpAfterError(false);
  registerCommands(program, asked);
  for (const command of program.commands) command.exitOverride();
  return program;
}

async function ran(argv: readonly string[]): Promise<number> {
  try {
    await programWith(argv.find((a) => !a.startsWith("-"))).parseAsync([...argv], { from: "user" });
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

/** Runs `pageblock ...argv`; the exit status. */
export async function commandLine(argv: readonly string[]): Promise<number> {
  try {
    return await ran(argv);
  } catch (error) {
    process.stderr.write(`pageblock: ${error instanceof Error ? error.stack : error}\n`);
    return INTERNAL;
  }
}
