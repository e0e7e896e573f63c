/** How programs of the tests that are run by hand end. */
import { InputError } from "../../lib/base/errors";

/** Ends the process with the status of `main`; bad input is one line and status 2. */
export function endWith(main: Promise<number>): void {
  main.then(
    (status) => {
      process.exitCode = status;
    },
    (e) => {
      if (!(e instanceof InputError)) throw e;
      process.stderr.write(`${e.message}\n`);
      process.exitCode = 2;
    },
  );
}
