/**
 * Which cell declares what: for every name the cell whose value it has and the cell whose type it is. A cell is
 * compiled as a module that ends with lines made here, which bring the names of earlier cells, and give its own to
 * later ones.
 */
import type { CellSource, DeclaredName, ValueKind } from "./cell-source";

/** Under this name, and a name of its own, a cell exports what it declares: the user's own exports do not matter. */
const EXPORTED = "$cell_";
/** A list that began as `[]` has the type of what is in it at the end of the cell; that of one still empty is open. */
const GROWN = "$grown_";
const GROWN_TYPE = `declare function ${GROWN}<T>(list: T[]): [T] extends [never] ? any[] : T[];`;
/** A constant has the type that the cell's checks left of it: `if (found === undefined) throw …` counts in later cells. */
const NARROWED = "$narrow_";
/** How a cell's module is named in imports. */
export const CELL_SCHEME = "cell:";

interface Known {
  value?: { readonly cell: string; readonly kind: ValueKind; readonly withType: boolean };
  type?: { readonly cell: string; readonly order: number };
}

export class CellNames {
  private readonly known = new Map<string, Known>();
  private readonly orders = new Map<string, number>();
  /** Cells with `declare global` or `declare module`, and what these declare. */
  private readonly augmenting = new Map<string, ReadonlySet<string>>();

  /** Names that have a value. */
  has(name: string): boolean {
    return this.known.get(name)?.value !== undefined;
  }

  get values(): string[] {
    return [...this.known].flatMap(([name, { value }]) => (value === undefined ? [] : [name]));
  }

  /** Takes what `cell` declares. `without` are names of which no value arrived, because the cell failed before. */
  add(cell: string, source: CellSource, without: ReadonlySet<string>): void {
    this.orders.set(cell, this.orders.size);
    for (const [name, { value, type }] of source.declared) {
      const known = this.known.get(name) ?? {};
      const arrived = value !== "none" && !without.has(name);
      if (value !== "none" && without.has(name) && type) continue;
      if (arrived) {
        // A class that is declared anew as a variable is no longer a type.
        if (known.value?.withType && !type) delete known.type;
        known.value = { cell, kind: value, withType: type };
      }
      if (type) known.type = { cell, order: this.orders.get(cell)! };
      this.known.set(name, known);
    }
    if (source.augments === undefined) return;
    for (const [other, names] of this.augmenting)
      if ([...source.augments].some((name) => name.includes(".") && names.has(name)))
        this.augmenting.delete(other);
    this.augmenting.set(cell, source.augments);
  }

  /** Forgets values that are no longer what their types say. */
  drop(names: Iterable<string>): void {
    for (const name of names) this.known.delete(name);
  }

  /** Forgets all names. */
  clear(): void {
    this.known.clear();
    this.augmenting.clear();
  }

  /** The lines that bring names of earlier cells: those the cell mentions, or all. */
  imports(source: Pick<CellSource, "declared" | "mentioned" | "augments">, all = false): string[] {
    const lines: string[] = [];
    for (const [name, known] of this.known) {
      const own = source.declared.get(name);
      if (!all && !source.mentioned.has(name)) continue;
      lines.push(...this.lines(name, known, own));
    }
    for (const [cell, names] of this.augmenting) {
      const replaced = [...(source.augments ?? [])].some((one) => one.includes(".") && names.has(one));
      if (!replaced) lines.push(`import ${JSON.stringify(CELL_SCHEME + cell)};`);
    }
    return lines;
  }

  private lines(name: string, { value, type }: Known, own: DeclaredName | undefined): string[] {
    const from = (cell: string) => JSON.stringify(CELL_SCHEME + cell);
    const alias = (cell: string, only = "") =>
      `import ${only}{ ${EXPORTED}${name} as ${name} } from ${from(cell)};`;
    const declare = (v: NonNullable<Known["value"]>) =>
      `declare ${v.kind === "let" ? "let" : "const"} ${name}: typeof import(${from(v.cell)}).${EXPORTED}${name};`;
    const needsValue = value !== undefined && (own === undefined || own.value === "none");
    const needsType = type !== undefined && (own === undefined || (!own.type && !value?.withType));
    if (own?.type && own.value !== "none") return [];
    if (needsValue && own !== undefined) return value.withType ? [] : [declare(value)];
    if (needsValue && value.kind === "let")
      return needsType ? [declare(value), alias(type.cell, "type ")] : [declare(value)];
    if (needsValue && needsType) {
      const newest = (this.orders.get(value.cell) ?? 0) >= type.order ? value.cell : type.cell;
      return [alias(newest)];
    }
    if (needsValue) return [alias(value.cell)];
    return needsType ? [alias(type.cell, "type ")] : [];
  }

  /** The lines that give what the cell declares to later cells. */
  exports(
    { declared, growing }: Pick<CellSource, "declared" | "growing">,
    narrowed: ReadonlySet<string> = new Set(),
  ): string[] {
    const atEnd = (name: string) => (growing.has(name) ? GROWN : narrowed.has(name) ? NARROWED : "");
    const names = [...declared.keys()].map((name) => `${atEnd(name)}${name} as ${EXPORTED}${name}`);
    const grown = [...growing].map((name) => `const ${GROWN}${name} = ${GROWN}(${name});`);
    if (grown.length > 0) grown.unshift(GROWN_TYPE);
    for (const name of narrowed) if (!growing.has(name)) grown.push(`const ${NARROWED}${name} = ${name};`);
    return [...grown, `export { ${names.join(", ")} };`];
  }
}
