// Writes the files derived from the options: schemas/models.schema.json and src/core/options.generated.ts.
import { mkdirSync, writeFileSync } from "node:fs";
import { editorSchema } from "../src/target/editor-schema.ts";
import { optionTypes } from "./option-types.ts";

const folder = new URL("../schemas/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("models.schema.json", folder), `${JSON.stringify(editorSchema(), null, 2)}\n`);
writeFileSync(new URL("../src/core/options.generated.ts", import.meta.url), optionTypes());
