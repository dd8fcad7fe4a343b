import { vectorText } from "../../../core/vector-bytes.ts";
import { asArray, asNumber, type Json } from "../../served/json.ts";
import { MOST_DIMENSIONS } from "../../served/most-dimensions.ts";
import { refuse } from "../../served/problem.ts";
import { tokensOf } from "../../served/tokens.ts";
import type { ServedEmbeddings } from "../../served/wire-server.ts";
import type { EmbeddingAsk } from "../../server-wire.ts";
import { requireModel } from "./check-request.ts";

const MOST_TEXTS = 2_048;
/** https://platform.openai.com/docs/api-reference/embeddings/create */
const FIXED_LENGTH = "text-embedding-ada-002";

/** POST …/embeddings. */
export const openaiEmbeddings: ServedEmbeddings = {
  read({ body, model: fromPath }) {
    const model = requireModel(body, fromPath);
    const { encoding_format: format = "float" } = body;
    if (format !== "float" && format !== "base64")
      refuse(`Invalid value: '${String(format)}'. Supported values are: 'float' and 'base64'.`, "encoding_format");
    const [texts, tokenIds] = textsIn(body.input);
    return { model, texts, dimensions: dimensionsIn(body, model), base64: format === "base64", tokenIds };
  },
  body({ model, base64, texts }, vectors, _, tokens = texts.reduce((sum, text) => sum + tokensOf(text), 0)) {
    return {
      object: "list",
      data: vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: base64 ? vectorText(vector) : [...vector],
      })),
      model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  },
};

/** One text or its token ids, or an array of these; and whether there are token ids. */
function textsIn(input: unknown): readonly [texts: EmbeddingAsk["texts"], tokenIds: boolean] {
  if (input === undefined) refuse("you must provide an input parameter", "input", "missing_required_parameter");
  const list = Array.isArray(input) && typeof input[0] !== "number" ? asArray(input) : [input];
  if (list.length === 0) refuse("Invalid 'input': empty array.", "input", "empty_array");
  if (list.length > MOST_TEXTS)
    refuse(
      `Invalid 'input': array too long. Expected an array with maximum length ${MOST_TEXTS}, but got an array with length ${list.length} instead.`,
      "input",
      "array_above_max_length",
    );
  return [list.map(textIn), list.some(Array.isArray)];
}

function textIn(text: unknown, index: number): string {
  if (text === "") refuse(`Invalid 'input[${index}]': input cannot be an empty string.`, "input", "invalid_value");
  if (typeof text === "string") return text;
  const tokens = asArray(text);
  if (tokens.length === 0 || !tokens.every(Number.isInteger))
    refuse(`Invalid type for 'input[${index}]': expected a string or token ids.`, "input", "invalid_type");
  return tokens.join(" ");
}

function dimensionsIn(body: Json, model: string): number | undefined {
  const wanted = body.dimensions ?? body.output_dimension;
  if (wanted === undefined || wanted === null) return undefined;
  const number = asNumber(wanted);
  if (number === undefined || !Number.isInteger(number) || number < 1)
    refuse("Invalid 'dimensions': expected a positive integer.", "dimensions", "invalid_type");
  if (number > MOST_DIMENSIONS)
    refuse(
      `Invalid 'dimensions': integer above maximum value. Expected a value <= ${MOST_DIMENSIONS}, but got ${number} instead.`,
      "dimensions",
      "integer_above_max_value",
    );
  if (model === FIXED_LENGTH) refuse("This model does not support specifying dimensions.", "dimensions");
  return number;
}
