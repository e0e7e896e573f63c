/**
 * Values as front ends show them: one line of text, and what they consist of when they are opened. Getters are not
 * called. What a number refers to lives until the program runs on.
 */
import type { Runtime } from "node:inspector";
import { HELD, type Inspected } from "./inspected";

/**
 * As the debug protocol tells of one; `variablesReference` is 0 if there is nothing to open. JupyterLab's tree shows the value only
 * of what has no type: a number or a text says what it is by its value.
 */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly evaluateName?: string;
  readonly variablesReference: number;
}

type Content = () => Promise<Variable[]>;
type Remote = Runtime.RemoteObject;

const CHILDREN_MOST = 500;
const TEXT_MOST = 400;
const PREVIEWED_MOST = 20;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * Runs in the main thread: the first `most` things that an object consists of, as properties of another one, and how many
 * it has. Getters are moved, not called; nothing of the object's own code runs.
 */
const PARTS = `function (most) {
  const parts = Object.create(null);
  const put = (name, value) =>
    Object.defineProperty(parts, name, { value, enumerable: true, configurable: true, writable: true });
  const isMap = Object.prototype.toString.call(this) === "[object Map]";
  let count = 0;
  let entries;
  try {
    entries = isMap ? Map.prototype.entries.call(this) : Set.prototype.values.call(this);
  } catch {}
  if (entries !== undefined) {
    for (const entry of entries) {
      if (count++ >= most) continue;
      const key = isMap ? entry[0] : undefined;
      const plain = typeof key === "string" || typeof key === "number" || typeof key === "boolean";
      if (!isMap || plain) put(isMap ? JSON.stringify(key) + " =>" : String(count - 1), isMap ? entry[1] : entry);
      else put(String(count - 1), { key, value: entry[1] });
    }
    return { parts, count };
  }
  if (Array.isArray(this) || ArrayBuffer.isView(this)) {
    count = this.length ?? this.byteLength;
    if (count > most && !(this instanceof DataView)) {
      for (let i = 0; i < most; i++) {
        const own = Object.getOwnPropertyDescriptor(this, i);
        if (own !== undefined) Object.defineProperty(parts, i, own);
      }
      return { parts, count };
    }
  }
  const names = Reflect.ownKeys(this);
  for (const name of names.slice(0, most)) {
    const own = Object.getOwnPropertyDescriptor(this, name);
    if (own !== undefined) Object.defineProperty(parts, name, { ...own, configurable: true });
  }
  return { parts, count: names.length };
}`;

export class Values {
  private readonly contents = new Map<number, Content>();
  private last = 0;

  constructor(private readonly inspected: Inspected) {}

  /** A number by which a front end opens something later. */
  hold(content: Content): number {
    this.contents.set(++this.last, content);
    return this.last;
  }

  /** What a number refers to. Throws if the program has run on since. */
  open(reference: unknown): Promise<Variable[]> {
    const content = this.contents.get(reference as number);
    if (content === undefined)
      throw new Error(`variables: the value is gone, the program has run on: reference ${Number(reference)}`);
    return content();
  }

  /** Lets the values go that were held. */
  clear(): void {
    this.contents.clear();
    this.inspected.post("Runtime.releaseObjectGroup", { objectGroup: HELD }).catch(() => {});
  }

  variable(name: string, remote: Remote, evaluateName?: string): Variable {
    const { objectId } = remote;
    const opens = objectId !== undefined && remote.type !== "symbol";
    return {
      name,
      value: textOf(remote),
      ...(remote.type === "object" && remote.subtype !== "null" ? { type: typeOf(remote) } : {}),
      ...(evaluateName === undefined ? {} : { evaluateName }),
      variablesReference: opens ? this.hold(() => this.partsOf(remote, evaluateName)) : 0,
    };
  }

  /** The properties of an object, with their texts. */
  async properties(objectId: string): Promise<Runtime.PropertyDescriptor[]> {
    const asked = { objectId, ownProperties: true, generatePreview: true };
    const { result } = await this.inspected.post<Runtime.GetPropertiesReturnType>(
      "Runtime.getProperties",
      asked,
    );
    return result;
  }

  private async partsOf(remote: Remote, evaluateName: string | undefined): Promise<Variable[]> {
    const objectId = remote.objectId!;
    if (remote.subtype === "proxy" || remote.subtype === "promise") return this.internals(objectId);
    const { result, exceptionDetails } = await this.inspected.call(objectId, PARTS, [CHILDREN_MOST]);
    if (exceptionDetails !== undefined || result.objectId === undefined) return this.internals(objectId);
    const answer = await this.properties(result.objectId);
    const parts = answer.find(({ name }) => name === "parts")!.value!;
    const count = answer.find(({ name }) => name === "count")!.value!.value as number;
    const shown = (await this.properties(parts.objectId!)).map((one) =>
      this.property(one, isKeyed(remote) ? undefined : evaluateName),
    );
    if (count > CHILDREN_MOST)
      shown.push({ name: "…", value: `${count - CHILDREN_MOST} more`, variablesReference: 0 });
    return remote.subtype === undefined && count <= CHILDREN_MOST
      ? [...shown, ...(await this.privates(objectId))]
      : shown;
  }

  private property(one: Runtime.PropertyDescriptor, parent: string | undefined): Variable {
    const { name, value, get } = one;
    if (value === undefined)
      return { name, value: get?.type === "function" ? "(getter)" : "(setter)", variablesReference: 0 };
    const isSymbol = one.symbol !== undefined;
    return this.variable(name, value, parent === undefined || isSymbol ? undefined : memberOf(parent, name));
  }

  /** What V8 tells beyond properties: the state of a promise, the target of a proxy. */
  private async internals(objectId: string): Promise<Variable[]> {
    const { internalProperties = [] } = await this.inspected.post<Runtime.GetPropertiesReturnType>(
      "Runtime.getProperties",
      { objectId, ownProperties: true },
    );
    return internalProperties.flatMap(({ name, value }) =>
      value === undefined || name === "[[Prototype]]" ? [] : [this.variable(name, value)],
    );
  }

  /** `#name` of classes. */
  private async privates(objectId: string): Promise<Variable[]> {
    const { privateProperties = [] } = await this.inspected.post<{
      privateProperties?: { name: string; value?: Remote }[];
    }>("Runtime.getProperties", { objectId, ownProperties: true });
    return privateProperties.flatMap(({ name, value }) =>
      value === undefined ? [] : [this.variable(name, value)],
    );
  }
}

const isKeyed = ({ subtype }: Remote) => subtype === "map" || subtype === "set";

function memberOf(object: string, name: string): string {
  if (IDENTIFIER.test(name)) return `${object}.${name}`;
  return /^\d+$/.test(name) ? `${object}[${name}]` : `${object}[${JSON.stringify(name)}]`;
}

const cut = (text: string) => (text.length > TEXT_MOST ? `${text.slice(0, TEXT_MOST)}…` : text);

export function typeOf({ type, subtype, className }: Remote): string {
  if (subtype === "null") return "null";
  return type === "object" ? (className ?? "object") : type;
}

/** One line. */
export function textOf(remote: Remote): string {
  const { type, value, unserializableValue, description = "", preview } = remote;
  if (type === "string") return cut(JSON.stringify(String(value).slice(0, TEXT_MOST + 1)));
  if (type === "undefined") return "undefined";
  if (type === "function") return cut(headOf(description));
  if (preview !== undefined && remote.subtype !== "error") return cut(previewed(preview));
  return cut((unserializableValue ?? (description || String(value))).split("\n")[0]!);
}

/** `ƒ pay(n)` or `class Account` from the text of a function. */
function headOf(description: string): string {
  const line = description.split("\n")[0]!;
  const named = /^(?:async )?function\*? ?([^(]*\([^)]*\))/.exec(line);
  if (named !== null) return `ƒ ${named[1]}`;
  const body = line.indexOf(" {");
  return body < 0 ? line : line.slice(0, body);
}

/** `Account {owner: "Ann", …}`, `(3) [1, 2, 3]`. */
function previewed({
  subtype,
  description = "",
  properties,
  entries,
  overflow,
}: Runtime.ObjectPreview): string {
  const more = overflow || properties.length > PREVIEWED_MOST ? ", …" : "";
  if (subtype === "date" || subtype === "regexp") return description;
  if (entries !== undefined && entries.length > 0) {
    const shown = entries.map(({ key, value }) =>
      key === undefined ? entryText(value) : `${entryText(key)} => ${entryText(value)}`,
    );
    return `${description} {${shown.join(", ")}${more}}`;
  }
  const own = properties
    .slice(0, PREVIEWED_MOST)
    .filter(({ name }) => name !== "size" || !isKeyed({ subtype } as Remote));
  if (subtype === "array" || subtype === "typedarray")
    return `${description.replace(/^Array(?=\()/, "")} [${own.map(propertyText).join(", ")}${more}]`;
  const shown = own.map((one) => `${one.name}: ${propertyText(one)}`);
  return `${description === "Object" ? "" : `${description} `}{${shown.join(", ")}${more}}`;
}

function propertyText({ type, subtype, value = "" }: Runtime.PropertyPreview): string {
  if (type === "string") return JSON.stringify(value);
  if (type === "function") return "ƒ";
  if (type === "accessor") return "(getter)";
  return value || subtype || type;
}

function entryText({ type, description = "" }: Runtime.ObjectPreview): string {
  return type === "string" ? JSON.stringify(description) : description;
}
