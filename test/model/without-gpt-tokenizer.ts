// Encodes a text as if gpt-tokenizer was not installed.
import * as module from "node:module";
import { isModelError, ModelFactory } from "../../src/index.ts";

module.registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith("gpt-tokenizer"))
      throw Object.assign(new Error("not found"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(specifier, context);
  },
});

const model = ModelFactory.parse('[models.main]\nname = "gpt-4o"\nprovider = "openai"\napi_key = "k"\n', {
  env: {},
}).create();
await model.encode("Hello").catch((error: unknown) => {
  if (isModelError(error)) console.log(error.code, error.message);
});
