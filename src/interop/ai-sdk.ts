/// <reference types="node" preserve="true" />
import "../core/require-node.ts";

export { embeddingModel } from "./ai-sdk/embedding-model.ts";
export { languageModel } from "./ai-sdk/language-model.ts";
