// Makes the package under its own name its source, and packages those of the repository wherever a module lies.
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "../..");
const SOURCES: Readonly<Record<string, string>> = {
  modelwright: "src/index.ts",
  "modelwright/ai-sdk": "src/interop/ai-sdk.ts",
  "modelwright/inject": "src/inject/index.ts",
  "modelwright/gateway": "src/gateway/index.ts",
  "modelwright/langchain": "src/interop/langchain.ts",
  "modelwright/testing": "src/testing/index.ts",
};

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES[specifier];
    return source === undefined ? next(specifier, context) : next(pathToFileURL(join(ROOT, source)).href, context);
  },
});
