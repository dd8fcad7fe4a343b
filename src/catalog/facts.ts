import type { FactRule } from "./fact-rule.ts";
import { ANTHROPIC_FACTS } from "./facts-anthropic.ts";
import { OPENAI_FACTS } from "./facts-openai.ts";
import { OTHER_FACTS } from "./facts-others.ts";

/** Facts about model families that the data packages lack; applied when the model table is generated. */
export const FACT_RULES: readonly FactRule[] = [...OPENAI_FACTS, ...ANTHROPIC_FACTS, ...OTHER_FACTS];
