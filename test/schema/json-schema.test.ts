/** JSON Schema accepts what plans are read from: both spellings of a name, one spelling of a field. */
import assert from "node:assert/strict";
import test from "node:test";
import { STRATEGY } from "../../lib/plan/strategy";
import { check } from "../../lib/schema/check";
import { name, object, optional, size } from "../../lib/schema/field";
import { jsonSchema } from "../../lib/schema/json-schema";

test("a field has one of its spellings, and not two", () => {
  const statement = object("", { bytes: size("the size", { word: "size", was: ["length"] }) });
  const { allOf } = jsonSchema(statement, "a size");
  assert.deepEqual(allOf, [
    { not: { required: ["bytes", "size"] } },
    { not: { required: ["bytes", "length"] } },
    { not: { required: ["size", "length"] } },
    { anyOf: [{ required: ["bytes"] }, { required: ["size"] }, { required: ["length"] }] },
  ]);
  const free = object("", { bytes: optional(size("the size", { word: "size" })) });
  assert.deepEqual(jsonSchema(free, "a size").allOf, [{ not: { required: ["bytes", "size"] } }]);
});

test("a name is accepted in kebab-case and in camelCase", () => {
  assert.deepEqual(jsonSchema(name("", ["buddy", "cma-4k"]), "a name").enum, ["buddy", "cma-4k", "cma4k"]);
  check(STRATEGY, { name: "hugetlbBoot" });
  const text = JSON.stringify(jsonSchema(object("", { strategy: STRATEGY }), "a plan"));
  assert.match(text, /"enum":\["hugetlb-boot","hugetlbBoot"\]/);
});
