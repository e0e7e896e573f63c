#!/usr/bin/env node
/** `pageblock`: one file a command; exit 0 done, 1 the check found a difference, 2 bad input (one line on stderr). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { InputError } from "../base/errors";
import { printable } from "./printable";

/** Each command file exports `register`; loaded when the command is named, so that start-up stays short. */
const COMMANDS: Record<string, () => { register(program: Command): void }> = {
  bench: () => require("./bench") as typeof import("./bench"),
  boot: () => require("./boot") as typeof import("./boot"),
  compare: () => require("./compare") as typeof import("./compare"),
  export: () => require("./export") as typeof import("./export"),
  fidelity: () => require("./fidelity") as typeof import("./fidelity"),
  kernel: () => require("./kernel") as typeof import("./kernel"),
  notebook: () => require("./notebook") as typeof import("./notebook"),
  replay: () => require("./replay") as typeof import("./replay"),
  results: () => require("./results") as typeof import("./results"),
  run: () => require("./run") as typeof import("./run"),
  show: () => require("./show") as typeof import("./show"),
  verify: () => require("./verify") as typeof import("./verify"),
  "adapter-curve": () => require("./plans") as typeof import("./plans"),
  "locked-region-curve": () => require("./plans") as typeof import("./plans"),
  recording: () => require("./plans") as typeof import("./plans"),
  schema: () => require("./schema") as typeof import("./schema"),
  scorecard: () => require("./compare") as typeof import("./compare"),
  steps: () => require("./plans") as typeof import("./plans"),
  sweep: () => require("./sweep") as typeof import("./sweep"),
  "tlb-curve": () => require("./plans") as typeof import("./plans"),
  worker: () => require("./worker") as typeof import("./worker"),
};

async function main(argv: string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8"));
  const program = new Command("pageblock")
    .description("A laboratory for the Linux physical page allocator")
    .version(version)
    .exitOverride()
    .showHelpAfterError(false);
  const asked = argv.find((a) => !a.startsWith("-"));
  const names = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
  // Some files have several commands: each is registered once.
  for (const { register } of new Set(names.map((name) => COMMANDS[name]!()))) register(program);
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof InputError) {
      process.stderr.write(`pageblock: ${printable(error.message)}\n`);
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
