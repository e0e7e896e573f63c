/** The Jupyter that tests use: the one `npm run lab` prepares, made once when it is missing. */
import "./clean-environment";
import { prepareJupyter } from "../../kernel-setup/lab";

/** Its Python; or why there is none, for skipping a test by name. */
export type Jupyter = { readonly python: string } | { readonly missing: string };

let prepared: Promise<Jupyter> | undefined;

export function jupyter(): Promise<Jupyter> {
  prepared ??= prepareJupyter(() => {}).then(
    (python) => ({ python }),
    (error: Error) => ({ missing: error.message }),
  );
  return prepared;
}
