/// <reference types="node" preserve="true" />
import "../core/require-node.ts";

export { languageModel } from "./ai-sdk/language-model.ts";
