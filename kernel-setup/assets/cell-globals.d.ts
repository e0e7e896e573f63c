/** What the kernel gives to cells beside Node's globals. */

/** Asks for one line and waits for it; `usual` is the answer if nothing is typed. Throws if nobody can be asked. */
declare function prompt(message?: string, usual?: string): string;
/** Asks a question that is answered with y or n. Throws if nobody can be asked. */
declare function confirm(message?: string): boolean;
