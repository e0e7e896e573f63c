#!/usr/bin/env node
/**
 * `pageblock`: one file per command. Exit status 0: done, 1: a check found a difference, 2: invalid input (one line on
 * stderr).
 */
import { commandLine } from "./command-line";

commandLine(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
