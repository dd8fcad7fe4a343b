import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The JSON Schema (draft-07) of models.toml, for editors: `#:schema ./schemas/models.schema.json`. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-07" }) as Record<string, unknown>;
}
