/**
 * Names of cells that would be seen where they must not. Variables of cells are in the scope that all code of the
 * process shares: a cell's `import { setTimeout } from "node:timers/promises"` would change what every package waits
 * with. Such a variable is kept under another name; cells read and write it by its own.
 */
import ts from "typescript";
import { LOCAL } from "./local-names";

/** Names by which packages find out where they run. */
const PROBED = [
  ...["window", "self", "document", "location", "navigator", "define", "module", "exports", "require"],
  ...["__dirname", "__filename", "Deno", "Bun", "importScripts", "jest", "React"],
];
const RESERVED = new Set([...Object.getOwnPropertyNames(globalThis), ...PROBED]);
const PREFIX = "cell$";

/** Names in a compiled cell that are the kernel's, not the user's. */
export interface OwnNames {
  /** The parameter through which the cell reaches the kernel. */
  readonly door: string;
  /** The parameter that notes how far the cell came. */
  readonly progress: string;
  /** Beginning of the names of variables that a loop keeps to itself. */
  readonly local: string;
}

/** Such names that the cell itself does not use. */
export function ownNames(mentioned: ReadonlySet<string>): OwnNames {
  const all = [...mentioned];
  const free = (name: string): string => (all.some((one) => one.startsWith(name)) ? free(`${name}_`) : name);
  return { door: free("$cell"), progress: free("$at"), local: free(LOCAL) };
}

/** From now on, variables of cells with this name are kept under another. */
export function reserve(name: string): void {
  RESERVED.add(name);
}

/** The name under which a cell's variable is kept. One that looks like such a name gets its own. */
export const keptName = (name: string) =>
  RESERVED.has(name) || name.startsWith(PREFIX) ? PREFIX + name : name;

/** The name as cells have it. */
export const typedName = (name: string) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);

/** What Node gives every CommonJS module, and a cell too. */
const OF_MODULE = new Set(["require", "module", "exports", "__dirname", "__filename"]);

/** True where an identifier stands for a value: no property, no label, no name that is declared. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent))
    return node !== (ts.isPropertyAccessExpression(parent) ? parent.name : parent.right);
  if (ts.isPropertyAssignment(parent) || ts.isParameter(parent) || ts.isBindingElement(parent))
    return parent.initializer === node;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  return ts.isExpression(node) && !ts.isLabeledStatement(parent) && !ts.isBreakOrContinueStatement(parent);
}

/** How identifiers of one cell are written: as they are, under another name, or as a part of the cell's own module. */
export class Renaming {
  private readonly locals: ReadonlyMap<string, ts.Symbol>;
  private readonly renamed: ReadonlySet<string>;
  private readonly checker: ts.TypeChecker;
  private readonly ofModule: ReadonlySet<string>;

  constructor(program: ts.Program, file: ts.SourceFile, mentioned: ReadonlySet<string>) {
    this.checker = program.getTypeChecker();
    this.locals = (file as unknown as { locals: Map<string, ts.Symbol> }).locals;
    const isLocal = (name: string) => this.locals.has(name);
    this.renamed = new Set([...mentioned].filter((name) => keptName(name) !== name && isLocal(name)));
    this.ofModule = new Set([...mentioned].filter((name) => OF_MODULE.has(name) && !isLocal(name)));
  }

  get isNeeded(): boolean {
    return this.renamed.size + this.ofModule.size > 0;
  }

  /** True if the cell's own variable is meant, and it is kept under another name. */
  isRenamed(node: ts.Identifier): boolean {
    return this.renamed.has(node.text) && this.means(node, this.locals.get(node.text)!);
  }

  /** True if `require`, `__dirname` and the like of the cell is meant. */
  isOfModule(node: ts.Identifier): boolean {
    if (!this.ofModule.has(node.text)) return false;
    if (ts.isShorthandPropertyAssignment(node.parent)) return node.parent.name === node;
    if (!isReference(node)) return false;
    const declarations = this.checker.getSymbolAtLocation(node)?.declarations ?? [];
    return declarations.every((d) => d.getSourceFile().isDeclarationFile);
  }

  /** True if the identifier means the variable of the cell that has its name. */
  isOwn(node: ts.Identifier): boolean {
    const local = this.locals.get(node.text);
    return local !== undefined && this.means(node, local);
  }

  private means(node: ts.Identifier, local: ts.Symbol): boolean {
    const { parent } = node;
    const { checker } = this;
    const symbol =
      ts.isShorthandPropertyAssignment(parent) && parent.name === node
        ? checker.getShorthandAssignmentValueSymbol(parent)
        : ts.isExportSpecifier(parent)
          ? checker.getExportSpecifierLocalTargetSymbol(parent)
          : ts.isBindingElement(parent) && parent.propertyName === node
            ? undefined
            : checker.getSymbolAtLocation(node);
    return (
      symbol !== undefined &&
      (symbol === local || symbol === checker.getExportSymbolOfSymbol(local)) &&
      !(ts.isPropertyAccessExpression(parent) && parent.name === node) &&
      !(ts.isImportSpecifier(parent) && parent.propertyName === node)
    );
  }
}

/** A function or class whose own name is that which was typed, when its variable is kept under another. */
export function named(kept: string, value: ts.Expression, factory: ts.NodeFactory): ts.Expression {
  const typed = typedName(kept);
  if (typed === kept) return value;
  const inner = ts.skipPartiallyEmittedExpressions(value);
  const anonymous =
    ts.isArrowFunction(inner) ||
    ((ts.isFunctionExpression(inner) || ts.isClassExpression(inner)) && inner.name === undefined);
  if (!anonymous) return value;
  const holder = factory.createObjectLiteralExpression([factory.createPropertyAssignment(typed, value)]);
  return factory.createPropertyAccessExpression(factory.createParenthesizedExpression(holder), typed);
}
