import { mkdirSync, writeFileSync } from "node:fs";
import { configJsonSchema } from "../src/config/json-schema.ts";

const folder = new URL("../schemas/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("models.schema.json", folder), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
