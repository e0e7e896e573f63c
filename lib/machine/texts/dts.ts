/**
 * Device-tree source (.dts) without macros, as `dtc -O dts` writes it: nodes, strings, cells, bytes, labels, references
 * and /memreserve/. Source with #include or arithmetic has to go through the preprocessor and dtc first.
 */
import { InputError } from "../../base/errors";
import { shown } from "../../schema/place";
import type { DeviceTree, TreeNode } from "./fdt";
import { MOST_TEXT } from "./reading";

const TOKEN =
  /\s+|\/\/[^\n]*|"((?:[^"\\\n]|\\.)*)"|(\/[a-z][a-z0-9-]*\/)|([{}<>[\];=,()])|(&\{[^}\n]*\}|&[\w]+)|([\w,.+?#@-]+:?)|(\/)/gy;

interface Token {
  text: string;
  kind: "string" | "word" | "mark" | "directive" | "reference";
  line: number;
}

/** Reads source; throws InputError with the line of the first thing that is not understood. */
export function readSource(source: string, what = "device tree"): DeviceTree {
  if (source.length > MOST_TEXT) throw new InputError(`${what}: must be at most ${MOST_TEXT} characters`);
  return new Source(tokensOf(source, what), what).read();
}

function tokensOf(source: string, what: string): Token[] {
  const tokens: Token[] = [];
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
    if (string !== undefined) tokens.push({ text: string, kind: "string", line });
    else if (directive !== undefined) tokens.push({ text: directive, kind: "directive", line });
    else if (mark !== undefined) tokens.push({ text: mark, kind: "mark", line });
    else if (reference !== undefined) tokens.push({ text: reference, kind: "reference", line });
    else if (word !== undefined || slash !== undefined) tokens.push({ text: whole, kind: "word", line });
    for (const c of whole) if (c === "\n") line++;
  }
  return tokens;
}

class Source {
  private at = 0;
  private readonly labels = new Map<string, TreeNode>();
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
    let child = node.children.find((c) => c.name === name);
    if (child === undefined) {
      child = { name, properties: new Map(), children: [] };
      node.children.push(child);
    }
    for (const label of labels) this.labels.set(label, child);
    this.body(child, depth + 1);
  }

  private property(node: TreeNode, name: string): void {
    const parts: number[] = [];
    if (this.peek()?.text === "=") {
      do {
        this.take();
        parts.push(...this.value());
      } while (this.peek()?.text === ",");
    }
    node.properties.set(name, Uint8Array.from(parts));
    this.expect(";");
  }

  private value(): number[] {
    let bits = 32;
    if (this.peek()?.text === "/bits/") {
      this.take();
      bits = Number(this.integer());
    }
    const token = this.take();
    if (token.kind === "string") return [...Buffer.from(token.text.replace(/\\(.)/g, "$1"), "latin1"), 0];
    if (token.kind === "reference") return [];
    if (token.text === "<") return this.cells(bits / 8);
    if (token.text === "[") return this.byteString();
    throw this.wrong(token);
  }

  private cells(size: number): number[] {
    const out: number[] = [];
    while (this.peek()?.text !== ">") {
      // A reference stands for a phandle, whose number nothing here asks for.
      const isReference = this.peek()?.kind === "reference";
      const value = isReference ? 0n : this.integer();
      if (isReference) this.take();
      for (let i = size - 1; i >= 0; i--) out.push(Number((value >> BigInt(8 * i)) & 255n));
    }
    this.take();
    return out;
  }

  private byteString(): number[] {
    let digits = "";
    while (this.peek()?.text !== "]") digits += this.take().text;
    this.take();
    return [...Buffer.from(digits, "hex")];
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
      `${this.what}:${token.line}: ${shown(token.text)} is defined in another file: give the .dtb, or the output of dtc`,
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
    const hint = /^#include|^[A-Z_]+$|^[()]$/.test(token?.text ?? "")
      ? ": source with macros must go through the preprocessor and dtc first"
      : "";
    return new InputError(`${this.what}:${token?.line ?? 0}: not understood: ${shown(token?.text)}${hint}`);
  }
}
