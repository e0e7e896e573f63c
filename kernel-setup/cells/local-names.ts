/** How a loop names its own copy of a variable of cells (fast-loops.ts). Apart, because the debugger needs no compiler for it. */

/** The beginning of such a name; longer where a cell itself has names that begin so. */
export const LOCAL = "$local_";
