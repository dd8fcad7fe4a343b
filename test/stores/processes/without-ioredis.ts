// Admits an attempt as if ioredis was not installed.
import * as module from "node:module";

module.registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "ioredis") throw Object.assign(new Error("not found"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(specifier, context);
  },
});
await import("./unclosed.ts");
