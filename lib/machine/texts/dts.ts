/**
 * Device-tree source (.dts) without macros, as `dtc -O dts` writes it: nodes, strings, cells, bytes, labels, references,
 * /memreserve/ and /include/. Source with #include or arithmetic has to go through the preprocessor and dtc first.
 */
import { InputError } from "../../base/errors";
import { shown } from "../../schema/place";
import type { DeviceTree, TreeNode } from "./fdt";
import { MOST_TEXT } from "./reading";

const TOKEN =
  /\s+|\/\/[^\n]*|"((?:[^"\\\n]|\\.)*)"|(\/[a-z][a-z0-9-]*\/)|([{}<>[\];=,()])|(&\{[^}\n]*\}|&[\w]+)|([\w,.+?#@-]+:?)|(\/)/gy;

/** A file of source. */
export interface SourceFile {
  name: string;
  text: string;
}

/** Finds the file that `/include/ "path"` names in the file `from`; throws InputError if it cannot be had. */
export type IncludeFile = (path: string, from: string) => SourceFile;

interface Token {
  text: string;
  kind: "string" | "word" | "mark" | "directive" | "reference";
  file: string;
  line: number;
}

/** Files that one source may include, and how deep. */
const MOST_FILES = 256;
const MOST_DEEP = 16;
/** Nodes of a tree: those of machines have some thousand. */
const MOST_NODES = 100_000;
/** Sizes of a cell that `/bits/` names (Devicetree Specification 0.4, 6.3). */
const BITS = [8, 16, 32, 64];
/** Lines that only the preprocessor understands; properties begin with # too. */
const FOR_CPP =
  /^[ \t]{0,64}#[ \t]{0,8}(?:include|define|undef|if|ifdef|ifndef|elif|else|endif|error|pragma)(?=[\s<"(]|$)/m;

/** Reads source; throws InputError with file and line of the first thing that is not understood. */
export function readSource(source: string, what = "device tree", include?: IncludeFile): DeviceTree {
  const tokens = withIncluded({ name: what, text: source }, include, { files: 0, characters: 0 }, 0);
  return new Source(tokens, what).read();
}

/** The commands that make plain source, or a .dtb, of one with macros. */
function throughCpp(file: string): string {
  const name = /([\w.+@-]{1,80})\.dtsi?$/.exec(file)?.[1] ?? "FILE";
  return `macros and #include must go through the preprocessor and dtc first: cpp -nostdinc -I include -undef -x assembler-with-cpp ${name}.dts | dtc -I dts -O dtb -o ${name}.dtb - (or give the .dtb of the kernel's build)`;
}

/** Tokens of a file, with those of the files that it includes in their places. */
function withIncluded(
  { name, text }: SourceFile,
  include: IncludeFile | undefined,
  read: { files: number; characters: number },
  depth: number,
): Token[] {
  read.characters += text.length;
  if (read.characters > MOST_TEXT)
    throw new InputError(`${name}: must be at most ${MOST_TEXT} characters, with what it includes`);
  const tokens = tokensOf(text, name);
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const path = tokens[i + 1];
    if (token.text !== "/include/" || path?.kind !== "string") {
      out.push(token);
      continue;
    }
    const where = `${name}:${token.line}`;
    if (include === undefined)
      throw new InputError(
        `${where}: /include/ ${shown(path.text)}: only a file can include another: give --dtb the file, or the output of dtc`,
      );
    if (depth >= MOST_DEEP || ++read.files > MOST_FILES)
      throw new InputError(
        `${where}: /include/: at most ${MOST_FILES} files and ${MOST_DEEP} deep: got ${shown(path.text)}`,
      );
    const file = included(include, path.text, name, where);
    for (const one of withIncluded(file, include, read, depth + 1)) out.push(one);
    i++;
  }
  return out;
}

function included(include: IncludeFile, path: string, from: string, where: string): SourceFile {
  try {
    return include(path, from);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${where}: /include/: ${error.message}`);
  }
}

function tokensOf(source: string, what: string): Token[] {
  const cpp = FOR_CPP.exec(source);
  if (cpp !== null) {
    const line = source.slice(0, cpp.index).split("\n").length;
    throw new InputError(`${what}:${line}: not understood: ${shown(cpp[0].trim())}: ${throughCpp(what)}`);
  }
  const tokens: Token[] = [];
  const file = what;
  let line = 1;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    if (source.startsWith("/*", at)) {
      const end = source.indexOf("*/", at + 2);
      if (end < 0) throw new InputError(`${what}:${line}: a comment has no end`);
      line += source.slice(at, end).split("\n").length - 1;
      TOKEN.lastIndex = end + 2;
      continue;
    }
    const found = TOKEN.exec(source);
    if (found === null)
      throw new InputError(`${what}:${line}: not understood: ${shown(source.slice(at, at + 20))}`);
    const [whole, string, directive, mark, reference, word, slash] = found;
    if (string !== undefined) tokens.push({ text: string, kind: "string", file, line });
    else if (directive !== undefined) tokens.push({ text: directive, kind: "directive", file, line });
    else if (mark !== undefined) tokens.push({ text: mark, kind: "mark", file, line });
    else if (reference !== undefined) tokens.push({ text: reference, kind: "reference", file, line });
    else if (word !== undefined || slash !== undefined)
      tokens.push({ text: whole, kind: "word", file, line });
    for (const c of whole) if (c === "\n") line++;
  }
  return tokens;
}

class Source {
  private at = 0;
  private readonly labels = new Map<string, TreeNode>();
  /** Children by name. */
  private readonly named = new Map<TreeNode, Map<string, TreeNode>>();
  private nodes = 0;
  private readonly reserved: DeviceTree["reserved"] = [];

  constructor(
    private readonly tokens: readonly Token[],
    private readonly what: string,
  ) {}

  read(): DeviceTree {
    const root: TreeNode = { name: "", properties: new Map(), children: [] };
    while (this.at < this.tokens.length) {
      const token = this.take();
      if (token.text === "/memreserve/") {
        this.reserved.push({ base: this.integer(), bytes: this.integer() });
        this.expect(";");
      } else if (token.kind === "directive") this.expect(";");
      else if (token.text === "/") this.body(root, 0);
      else if (token.kind === "reference") this.body(this.labelled(token), 0);
      else throw this.wrong(token);
    }
    return { root, reserved: this.reserved };
  }

  private body(node: TreeNode, depth: number): void {
    this.expect("{");
    if (depth > 64) throw this.wrong(this.tokens[this.at]);
    while (this.peek()?.text !== "}") {
      const labels: string[] = [];
      let token = this.take();
      while (token.kind === "word" && token.text.endsWith(":")) {
        labels.push(token.text.slice(0, -1));
        token = this.take();
      }
      if (token.kind === "directive") this.skipToEnd();
      else if (token.kind !== "word") throw this.wrong(token);
      else if (this.peek()?.text === "{") this.child(node, token.text, labels, depth);
      else this.property(node, token.text);
    }
    this.expect("}");
    this.expect(";");
  }

  private child(node: TreeNode, name: string, labels: readonly string[], depth: number): void {
    let named = this.named.get(node);
    if (named === undefined) this.named.set(node, (named = new Map()));
    let child = named.get(name);
    if (child === undefined) {
      if (++this.nodes > MOST_NODES) throw this.wrong(this.tokens[this.at]);
      child = { name, properties: new Map(), children: [] };
      named.set(name, child);
      node.children.push(child);
    }
    for (const label of labels) this.labels.set(label, child);
    this.body(child, depth + 1);
  }

  private property(node: TreeNode, name: string): void {
    const parts: Uint8Array[] = [];
    if (this.peek()?.text === "=") {
      do {
        this.take();
        parts.push(this.value());
      } while (this.peek()?.text === ",");
    }
    node.properties.set(name, Uint8Array.from(Buffer.concat(parts)));
    this.expect(";");
  }

  private value(): Uint8Array {
    let bits = 32;
    if (this.peek()?.text === "/bits/") {
      this.take();
      const token = this.peek();
      bits = Number(this.integer());
      if (!BITS.includes(bits)) throw this.wrong(token);
    }
    const token = this.take();
    if (token.kind === "string") return Buffer.from(`${token.text.replace(/\\(.)/g, "$1")}\0`, "latin1");
    if (token.kind === "reference") return new Uint8Array();
    if (token.text === "<") return this.cells(bits / 8);
    if (token.text === "[") return this.byteString();
    throw this.wrong(token);
  }

  private cells(size: number): Uint8Array {
    const out: number[] = [];
    while (this.peek()?.text !== ">") {
      // A reference stands for a phandle, whose number nothing here asks for.
      const isReference = this.peek()?.kind === "reference";
      const value = isReference ? 0n : this.integer();
      if (isReference) this.take();
      for (let i = size - 1; i >= 0; i--) out.push(Number((value >> BigInt(8 * i)) & 255n));
    }
    this.take();
    return Uint8Array.from(out);
  }

  private byteString(): Uint8Array {
    let digits = "";
    while (this.peek()?.text !== "]") digits += this.take().text;
    this.take();
    return Buffer.from(digits, "hex");
  }

  private integer(): bigint {
    const token = this.take();
    if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(token.text)) throw this.wrong(token);
    return BigInt(token.text);
  }

  private labelled(token: Token): TreeNode {
    const node = this.labels.get(token.text.slice(1));
    if (node !== undefined) return node;
    throw new InputError(
      `${token.file}:${token.line}: ${shown(token.text)} is defined in another file: ${throughCpp(this.what)}`,
    );
  }

  private skipToEnd(): void {
    while (this.take().text !== ";");
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private take(): Token {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new InputError(`${this.what}: ends in the middle`);
    return token;
  }

  private expect(text: string): void {
    const token = this.take();
    if (token.text !== text) throw this.wrong(token);
  }

  private wrong(token: Token | undefined): InputError {
    const hint = /^[A-Z][A-Z0-9_]*$|^[()]$/.test(token?.text ?? "") ? `: ${throughCpp(this.what)}` : "";
    const where = `${token?.file ?? this.what}:${token?.line ?? 0}`;
    return new InputError(`${where}: not understood: ${shown(token?.text)}${hint}`);
  }
}
