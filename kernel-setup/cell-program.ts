/**
 * How the compiler builds the program of a cell. TypeScript's watch mode keeps, for every file of the program, which files it refers
 * to, and looks all of that up anew for each program: most of what a cell cost to compile. tslab asks only which sources a
 * cell imports, so this builder keeps nothing and walks the imports when it is asked. The checker is made when it is first used;
 * tslab compiles each cell twice and checks only the second program.
 */
import { dirname, resolve } from "node:path";
import type * as TS from "@tslab/typescript-for-tslab";
import { ts } from "./tslab-internals";

/** What a source file holds beside its public fields. */
interface Resolved {
  readonly resolvedModules?: {
    forEach(
      visit: (found: { readonly resolvedModule?: { readonly resolvedFileName: string } }) => void,
    ): void;
  };
}

/** The sources and declarations that `file` names, as far as the program has them. */
function namedBy(program: TS.Program, file: TS.SourceFile): TS.SourceFile[] {
  const names = file.referencedFiles.map(({ fileName }) => resolve(dirname(file.fileName), fileName));
  (file as Resolved).resolvedModules?.forEach(({ resolvedModule }) => {
    if (resolvedModule !== undefined) names.push(resolvedModule.resolvedFileName);
  });
  return names.flatMap((name) => program.getSourceFile(name) ?? []);
}

/** File names of `file` and of everything that it imports, directly or not. */
export function dependenciesOf(program: TS.Program, file: TS.SourceFile): string[] {
  const seen = new Set([file]);
  for (const one of seen) for (const named of namedBy(program, one)) seen.add(named);
  return [...seen].map(({ fileName }) => fileName);
}

/** A builder of programs, as `createWatchCompilerHost` takes one. tslab reads the names that a cell declares before it checks it. */
export function createCellProgram(...args: unknown[]): TS.BuilderProgram {
  const create = ts.createAbstractBuilder as (...rest: unknown[]) => TS.BuilderProgram;
  const builder = create(...args);
  const program = builder.getProgram();
  const bind = (ts as unknown as { bindSourceFile(file: TS.SourceFile, options: object): void })
    .bindSourceFile;
  for (const name of program.getRootFileNames()) {
    const file = program.getSourceFile(name);
    if (file !== undefined) bind(file, program.getCompilerOptions());
  }
  const getAllDependencies = (file: TS.SourceFile) => dependenciesOf(program, file);
  return Object.assign(builder, { getAllDependencies });
}
