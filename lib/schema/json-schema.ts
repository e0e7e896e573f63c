/** JSON Schema (draft 2020-12) of a statement, for editors: meaning, default, limits and every accepted notation. */
import { camel } from "../base/spelling";
import { constantDefault } from "./defaults";
import type { Field, Fields, Form, Literal } from "./field";

export type JsonSchema = { [key: string]: unknown };

const SIZE_TEXT = "^\\s*(0[xX][0-9a-fA-F]+|[0-9]+(\\.[0-9]+)?)\\s*[kKmMgGtT]?([iI]?[bB])?\\s*$";

/**
 * The schema of `field` as a document of its own.
 * @example
 * ```ts
 * import { jsonSchema, PLAN_KINDS } from "pageblock";
 *
 * const run = PLAN_KINDS.find((kind) => kind.name === "run")!;
 * jsonSchema(run.statement, run.title).type; // => "object"
 * ```
 */
export function jsonSchema(field: Field, title: string): JsonSchema {
  const writer = new Writer();
  const root = writer.schema(field);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...root,
    ...(writer.definitions.size > 0 && { $defs: Object.fromEntries(writer.definitions) }),
  };
}

class Writer {
  /** Recursive forms by their names in the document. */
  readonly definitions = new Map<string, JsonSchema>();
  private readonly names = new Map<Form, string>();
  /** Above 0 within a notation: there the names of strategies and workloads are literals in either spelling. */
  private notations = 0;

  schema(field: Field): JsonSchema {
    const { doc, unit, source } = field.facts;
    const constant = constantDefault(field);
    const told = [
      doc,
      unit === undefined ? "" : `unit: ${unit}`,
      defaultInWords(field, constant),
      source === undefined ? "" : `source: ${source}`,
    ];
    const description = told.filter((part) => part !== "").join("; ");
    return {
      ...(description !== "" && { description }),
      ...(constant !== undefined && field.form.kind !== "literal" && { default: field.facts.default }),
      ...this.form(field.form),
    };
  }

  private form(form: Form): JsonSchema {
    switch (form.kind) {
      case "size":
        return { anyOf: [integer(form.least, form.most), { type: "string", pattern: SIZE_TEXT }] };
      case "time":
        return {
          anyOf: [
            { type: "number", minimum: 0, maximum: form.most },
            { type: "string", pattern: form.endless ? "^(endless|\\s*[0-9].*)$" : "^\\s*[0-9].*$" },
          ],
        };
      case "whole":
        return integer(form.least, form.most);
      case "number":
        return {
          type: "number",
          [form.above ? "exclusiveMinimum" : "minimum"]: form.least,
          ...(form.most < Number.MAX_SAFE_INTEGER && { maximum: form.most }),
        };
      case "truth":
        return { type: "boolean" };
      case "text":
        return { type: "string", maxLength: form.longest };
      case "name":
        return { enum: form.known().flatMap(spellings) };
      case "literal": {
        const accepted = [...(this.notations > 0 ? spellings(form.value) : [form.value]), ...form.was];
        return accepted.length === 1 ? { const: form.value } : { enum: accepted };
      }
      case "list":
        return { type: "array", items: this.schema(form.of), minItems: form.least, maxItems: form.most };
      case "record":
        return {
          type: "object",
          additionalProperties: this.schema(form.of),
          ...(form.keys !== null && { propertyNames: { enum: [...form.keys()] } }),
        };
      case "object":
        return this.object(form.fields);
      case "either":
        return { anyOf: form.of.map((one) => this.schema(one)) };
      case "parsed":
        return this.parsed(form);
    }
  }

  /** A value with its own notation may be recursive, as a workload is, so it becomes a definition. */
  private parsed(form: Extract<Form, { kind: "parsed" }>): JsonSchema {
    let name = this.names.get(form);
    if (name === undefined) {
      name = `form${this.names.size + 1}`;
      this.names.set(form, name);
      this.definitions.set(name, {});
      this.notations++;
      const forms = form.written().map((one) => this.schema(one));
      this.notations--;
      this.definitions.set(name, forms.length === 1 ? forms[0]! : { anyOf: forms });
    }
    return { $ref: `#/$defs/${name}` };
  }

  private object(fields: Fields): JsonSchema {
    const properties: JsonSchema = {};
    const required: string[] = [];
    const rules: JsonSchema[] = [];
    for (const [own, field] of Object.entries(fields)) {
      const { word } = field.facts;
      properties[own] = this.schema(field);
      if (word !== undefined)
        properties[word] = {
          ...this.schema(field),
          description: `${field.facts.doc}; another word for ${own}`,
        };
      for (const former of field.facts.was ?? [])
        properties[former] = { ...this.schema(field), deprecated: true, description: `now ${own}` };
      const names = [own, ...(word === undefined ? [] : [word]), ...(field.facts.was ?? [])];
      for (const [i, one] of names.entries())
        for (const other of names.slice(i + 1)) rules.push({ not: { required: [one, other] } });
      if (field.optional || field.filled) continue;
      if (names.length === 1) required.push(own);
      else rules.push({ anyOf: names.map((one) => ({ required: [one] })) });
    }
    return {
      type: "object",
      properties,
      additionalProperties: false,
      ...(required.length > 0 && { required }),
      ...(rules.length > 0 && { allOf: rules }),
    };
  }
}

/** The name as plans write it, and in camelCase if that differs. */
function spellings(name: Literal): Literal[] {
  const other = typeof name === "string" ? camel(name) : name;
  return other === name ? [name] : [name, other];
}

function integer(minimum: number, maximum: number): JsonSchema {
  return { type: "integer", minimum, maximum };
}

function defaultInWords({ facts }: Field, constant: unknown): string {
  return facts.default === undefined || constant !== undefined ? "" : `default: ${facts.default}`;
}
