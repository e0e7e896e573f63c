/**
 * A device tree in memory, and the reader of its flattened form (.dtb): Devicetree Specification 0.4, chapter 5. Only
 * the structure is checked; what properties mean is in device-tree.ts.
 */
import { InputError } from "../../base/errors";

/** A node: its name with unit address, its properties as bytes, its children in order. */
export interface TreeNode {
  name: string;
  properties: Map<string, Uint8Array>;
  children: TreeNode[];
}

/** A tree, and the ranges of /memreserve/. */
export interface DeviceTree {
  root: TreeNode;
  reserved: { base: bigint; bytes: bigint }[];
}

const MAGIC = 0xd00dfeed;
const TOKEN = { begin: 1, end: 2, property: 3, nop: 4, finish: 9 } as const;
/** Deeper trees and longer lists are no device tree of a machine. */
const MOST_DEPTH = 64;
const MOST_NODES = 100_000;
const MOST_RESERVED = 1024;
const MOST_NAME = 256;

/** True if the bytes begin as a flattened device tree does. */
export function isFlattened(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0) === MAGIC;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Reads a .dtb; throws InputError with the offset of the first thing that is wrong. */
export function readFlattened(bytes: Uint8Array, what = "device tree"): DeviceTree {
  return new Reader(bytes, what).read();
}

class Reader {
  private readonly view: DataView;
  private at = 0;
  private nodes = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
  ) {
    this.view = viewOf(bytes);
  }

  read(): DeviceTree {
    if (!isFlattened(this.bytes)) throw this.wrong("must begin with d00dfeed", 0);
    const [, total, structure, strings, reserveMap] = Array.from({ length: 7 }, (_, i) => this.word(i * 4));
    if (total! > this.bytes.length)
      throw this.wrong(`says ${total} bytes and has ${this.bytes.length}: it is cut`, 4);
    const reserved = this.reserveMap(reserveMap!);
    this.at = structure!;
    const root = this.node(strings!, 0);
    return { root, reserved };
  }

  private reserveMap(offset: number) {
    const reserved: DeviceTree["reserved"] = [];
    for (let at = offset; reserved.length <= MOST_RESERVED; at += 16) {
      if (at + 16 > this.bytes.length) throw this.wrong("the reserve map has no end", at);
      const entry = { base: this.view.getBigUint64(at), bytes: this.view.getBigUint64(at + 8) };
      if (entry.bytes === 0n) return reserved;
      reserved.push(entry);
    }
    throw this.wrong(`the reserve map must have at most ${MOST_RESERVED} entries`, offset);
  }

  /** The node that begins at the cursor. */
  private node(strings: number, depth: number): TreeNode {
    this.skipNops();
    if (this.next() !== TOKEN.begin) throw this.wrong("a node must begin here", this.at - 4);
    if (depth > MOST_DEPTH || ++this.nodes > MOST_NODES) throw this.wrong("has too many nodes", this.at);
    const node: TreeNode = { name: this.name(), properties: new Map(), children: [] };
    for (;;) {
      this.skipNops();
      const token = this.next();
      if (token === TOKEN.end) return node;
      if (token === TOKEN.begin) {
        this.at -= 4;
        node.children.push(this.node(strings, depth + 1));
      } else if (token === TOKEN.property) this.property(node, strings);
      else throw this.wrong(`unknown token ${token}`, this.at - 4);
    }
  }

  private property(node: TreeNode, strings: number): void {
    const length = this.next();
    const name = this.text(strings + this.next());
    if (this.at + length > this.bytes.length)
      throw this.wrong(`property ${name.slice(0, 40)} is cut`, this.at);
    node.properties.set(name, this.bytes.slice(this.at, this.at + length));
    this.at += Math.ceil(length / 4) * 4;
  }

  private name(): string {
    const name = this.text(this.at);
    this.at += Math.ceil((name.length + 1) / 4) * 4;
    return name;
  }

  private text(offset: number): string {
    const name = this.bytes.subarray(offset, offset + MOST_NAME + 1);
    const end = name.indexOf(0);
    if (end < 0) throw this.wrong("a name has no end", offset);
    return Buffer.from(name.subarray(0, end)).toString("latin1");
  }

  private skipNops(): void {
    while (this.word(this.at) === TOKEN.nop) this.at += 4;
  }

  private next(): number {
    const word = this.word(this.at);
    this.at += 4;
    return word;
  }

  private word(at: number): number {
    if (at < 0 || at + 4 > this.bytes.length) throw this.wrong("ends in the middle", at);
    return this.view.getUint32(at);
  }

  private wrong(why: string, at: number): InputError {
    return new InputError(`${this.what}: ${why}, at byte ${at}`);
  }
}
