/**
 * Loads the programs of the notebook kernel (kernel-setup/) when a command needs them: they are built next to the
 * library, not into it. Their errors count as invalid input.
 */
import { join } from "node:path";
import { InputError } from "../base/errors";

type Place = { user: true } | { prefix: string } | { venv: true };

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly mend?: string;
}

interface CellFailure {
  readonly cell: number | null;
  readonly executionCount: number | null;
  readonly name: string;
  readonly message: string;
}

interface Modules {
  readonly kernelspec: { installKernel(place: Place): string; uninstallKernel(place: Place): string };
  readonly doctor: { examine(): Promise<Finding[]> };
  readonly "notebook-runner": {
    storedNotebook(path: string): { cells: readonly { outputs?: readonly unknown[] }[] };
    notebooksNamed(name: string): string[];
    runNotebook(
      path: string,
      cellTimeoutS: number,
      settings: readonly string[],
    ): Promise<{ ok: true; notebook: unknown } | { ok: false; failure: CellFailure }>;
    writeNotebook(folder: string, path: string, notebook: unknown): string;
  };
}

/** A module of kernel-setup/ by name. */
export function kernelSetup<M extends keyof Modules>(name: M): Modules[M] {
  return require(join(__dirname, "..", "..", "dist", "kernel-setup", `${name}.js`));
}

/** Runs `work` and reports errors of the set-up as invalid input. */
export async function withSetupErrors<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === "SetupError") throw new InputError(error.message);
    throw error;
  }
}
