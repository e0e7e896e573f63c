/** The compiler in the thread of the sockets: loaded when a debugger first needs it. */
import type ts from "typescript";

export function typescript(): typeof ts {
  return require("typescript");
}
