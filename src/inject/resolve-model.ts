import * as z from "zod";
import { ModelFactory } from "../index.ts";
import { Model } from "../model/model.ts";
import type { Resolver } from "./resolver.ts";

const propertiesSchema = z.strictObject({
  name: z.string().optional(),
  fresh: z.boolean().optional(),
  factory: z.string().default("factory"),
});

/**
 * The resolver of models: `{ module: "modelwright/inject", export: "resolveModel", properties: { name: "coder" } }` returns
 * the model of an entry for the requested scope. Properties: `name` (default: `default_model`), `fresh`, and `factory`, the
 * name of the dependency that is a ModelFactory (default "factory").
 */
export const resolveModel: Resolver<Model> = async (properties, { scope, inject }) => {
  const { name, fresh, factory } = propertiesSchema.parse(properties);
  return (await inject(factory, isModelFactory)).create(name, { scope, fresh });
};

/** A guard: `inject("llm", isModel)`. */
export function isModel(value: unknown): value is Model {
  return value instanceof Model;
}

function isModelFactory(value: unknown): value is ModelFactory<Record<never, never>> {
  return value instanceof ModelFactory;
}
