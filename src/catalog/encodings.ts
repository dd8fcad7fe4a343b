import type { Encoding } from "../core/target.ts";
import { fineTunedFrom, vendorOf } from "./find-row.ts";

interface EncodingRule {
  /** Absent: every provider, because the weights are open. */
  readonly providers?: readonly string[];
  readonly ids: RegExp;
  readonly encoding: Encoding;
  readonly source: string;
}

const OPENAI = ["openai", "azure", "copilot"];
const tiktoken = "https://github.com/openai/tiktoken/blob/main/tiktoken/model.py";

/**
 * The encodings that OpenAI publishes. The rules also apply to ids that are not in the table, such as those of embeddings. A
 * model that OpenAI's list does not have, has no encoding here: a wrong one would count wrong without a sign of it.
 */
const RULES: readonly EncodingRule[] = [
  {
    providers: OPENAI,
    ids: /^(gpt-3\.?5|gpt-4(-|$)|text-embedding-(3-|ada-002))/,
    encoding: "cl100k_base",
    source: tiktoken,
  },
  {
    providers: OPENAI,
    ids: /^(gpt-4o|chatgpt-4o|gpt-4\.[15]|gpt-5|o1|o3|o4-mini)(?!\d)/,
    encoding: "o200k_base",
    source: tiktoken,
  },
  { ids: /(^|[/.])gpt-oss[-:]/, encoding: "o200k_harmony", source: tiktoken },
];

/** The encoding of a model's tokens; undefined if it is not published. */
export function encodingOf(providerId: string, modelId: string): Encoding | undefined {
  const [home = providerId, bare] = vendorOf(modelId);
  const id = fineTunedFrom(bare) ?? bare;
  const rule = RULES.find(
    ({ providers, ids }) => (providers === undefined || providers.includes(home)) && ids.test(id),
  );
  return rule?.encoding;
}
