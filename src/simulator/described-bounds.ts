import { asText, type Json } from "../dialects/served/json.ts";

const BOUND =
  /\b(minimum|maximum|exclusiveMinimum|exclusiveMaximum|multipleOf|minLength|maxLength|minItems|maxItems): (-?\d+(?:\.\d+)?)/g;

/**
 * Where a wire takes no bounds in a schema, clients write them into the description, and a model that reads it keeps
 * them. So does the simulator.
 */
export function withDescribedBounds(rule: Json): Json {
  const description = asText(rule.description);
  if (description === undefined) return rule;
  const told = [...description.matchAll(BOUND)].map(([, keyword = "", value]) => [keyword, Number(value)] as const);
  return told.length === 0 ? rule : { ...Object.fromEntries(told), ...rule };
}
