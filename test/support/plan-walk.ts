/** Every field of a statement, found by walking it, with values that it may have in a plan. */
import type { Field, Fields, Form } from "../../lib/schema/field";

/** One field: the path of its statement, and values of the whole that have it, likeliest first. */
export interface Variant {
  label: string;
  values: unknown[];
}

const SIZES = ["64MiB", "512MiB", "1GiB", "2MiB", "64KiB", "4KiB", 4096, 65536, 1];
/** Values of one field that are tried before it counts as impossible. */
const TRIED = 60;

function leafValues(form: Form): unknown[] {
  switch (form.kind) {
    case "size":
      return [...SIZES, form.least];
    case "time":
      return ["500ms", 5, "2 minutes"];
    case "whole":
      return [2, 1, 5, form.least, form.least + 1, form.most].filter(
        (n) => n >= form.least && n <= form.most,
      );
    case "number":
      return [0.5, 3, 1, form.least + 1].filter(
        (n) => (form.above ? n > form.least : n >= form.least) && n <= form.most,
      );
    case "truth":
      return [false, true];
    case "text":
      return [
        ...["6.19", "64MiB", "auto", "success", "50%", "1:2MiB", "2MiB:2", "0:1GiB", "256 128"],
        ...["0:2 3", "0x50000000-0x50ffffff", "0x40000000-0x5fffffff", "debian", "vc4-kms-v3d,cma-64"],
      ];
    case "name":
      return [...form.known()].slice(0, TRIED);
    case "literal":
      return [form.value];
    default:
      return [];
  }
}

/** The variants of `field`; `seen` are the forms on the way, so that a workload within a workload ends. */
export function variantsOf(field: Field, label: string, seen: readonly Form[] = []): Variant[] {
  const { form } = field;
  if (seen.includes(form)) return [];
  const on = [...seen, form];
  switch (form.kind) {
    case "object":
      if (field.facts.example !== undefined)
        return Object.keys(form.fields).map((own) => ({
          label: `${label}.${own}`,
          values: [field.facts.example],
        }));
      return objectVariants(form.fields, label, on);
    case "list":
      return variantsOf(form.of, `${label}[]`, on).map(({ label: l, values }) => ({
        label: l,
        values: values.flatMap((v) => [Array.from({ length: Math.max(1, form.least) }, () => v)]),
      }));
    case "record": {
      const keys = form.keys?.() ?? ["seed", "request.times"];
      return variantsOf(form.of, `${label}{}`, on).map(({ label: l, values }) => ({
        label: l,
        values: keys.slice(0, 2).flatMap((key) => values.map((v) => ({ [key]: v }))),
      }));
    }
    case "either":
    case "parsed": {
      const of = form.kind === "either" ? form.of : form.written();
      const variants = of.flatMap((one, i) => variantsOf(one, of.length > 1 ? `${label}/${i}` : label, on));
      return variants.filter(({ values }) => values.length > 0);
    }
    default:
      return [{ label, values: leafValues(form) }];
  }
}

function objectVariants(fields: Fields, label: string, on: readonly Form[]): Variant[] {
  const base: Record<string, unknown> = {};
  for (const [own, field] of Object.entries(fields))
    if (!field.optional && !field.filled) base[own] = variantsOf(field, own, on)[0]?.values[0];
  const sized = Object.keys(base).some((own) => fields[own]!.form.kind === "size");
  const bases = [
    base,
    ...(sized ? [SIZES[1], ...SIZES.slice(3, 6)].map((size) => withSizes(base, fields, size)) : []),
  ];
  const found: Variant[] = Object.keys(fields).length === 0 ? [{ label, values: [{}] }] : [];
  for (const [own, field] of Object.entries(fields))
    for (const { label: within, values } of variantsOf(field, `${label}.${own}`, on))
      found.push({
        label: within,
        values: values.slice(0, TRIED).flatMap((v) => bases.map((b) => ({ ...b, [own]: v }))),
      });
  return found;
}

/** The same with every size another one: a huge page, say, must be of a size that the machine has. */
function withSizes(base: Record<string, unknown>, fields: Fields, size: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(base).map(([own, value]) => [own, fields[own]!.form.kind === "size" ? size : value]),
  );
}
