import { invalidOption } from "../core/check-options.ts";
import { ModelFactory } from "../index.ts";
import { Model } from "../model/model.ts";

/** @throws ModelError `invalid_request` for something else than a model of a factory. */
export function checkModel(model: unknown, caller: string): void {
  if (model instanceof Model) return;
  const given = model instanceof ModelFactory ? ", not the factory itself" : "";
  throw invalidOption(`${caller}: needs a model of factory.create()${given}`);
}
