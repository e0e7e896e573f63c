/** How a loop names its own copy of a variable of cells (fast-loops.ts). Apart, because the debugger needs no compiler for it. */
const LOCAL = "$local_";

export const localName = (name: string) => LOCAL + name;
