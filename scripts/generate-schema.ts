import { mkdirSync, writeFileSync } from "node:fs";
import { editorSchema } from "../src/target/editor-schema.ts";

const folder = new URL("../schemas/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("models.schema.json", folder), `${JSON.stringify(editorSchema(), null, 2)}\n`);
