import { asNumber, asObject, asObjects, type Json } from "../../served/json.ts";
import type { ModelTraits } from "../../served/model-traits.ts";
import { refuse } from "../../served/problem.ts";
import { isSealed, isSigned } from "../../served/signature.ts";
import { FOREIGN_CALL } from "../contents.ts";

const RANGES = [
  { name: "temperature", least: 0, most: 2 },
  { name: "topP", least: 0, most: 1 },
  { name: "candidateCount", least: 1, most: 8 },
  { name: "maxOutputTokens", least: 1, most: 1_000_000 },
] as const;

export function checkGenerationConfig(config: Json): void {
  for (const { name, least, most } of RANGES) {
    const value = config[name];
    if (value === undefined || value === null) continue;
    const number = asNumber(value);
    if (number === undefined)
      refuse(`Invalid value at 'generation_config.${name}' (TYPE_FLOAT), ${JSON.stringify(value)}`);
    if (number < least || number > most) {
      refuse(`* GenerateContentRequest.generation_config.${name}: ${name} must be in the range [${least}, ${most}].`);
    }
  }
}

/** Checks roles, non-empty parts, responses to all function calls, and unchanged signatures. */
export function checkContents(contents: unknown, traits: ModelTraits): void {
  if (!Array.isArray(contents) || contents.length === 0) {
    refuse("* GenerateContentRequest.contents: contents is not specified");
  }
  const read = asObjects(contents);
  let open = 0;
  read.forEach((content, index) => {
    const role = content.role;
    if (role !== undefined && role !== "user" && role !== "model") refuse("Please use a valid role: user, model.");
    const parts = asObjects(content.parts);
    if (parts.length === 0)
      refuse(`* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`);
    open = checkResponses(parts, open);
    for (const part of parts) checkPartSignature(part);
  });
  checkCurrentTurn(read, traits);
}

/** The number of unanswered function calls after this content. */
function checkResponses(parts: readonly Json[], open: number): number {
  const calls = parts.filter((part) => part.functionCall !== undefined).length;
  const responses = parts.filter((part) => part.functionResponse !== undefined).length;
  if (responses !== open) {
    refuse(
      "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
    );
  }
  return calls;
}

/** Accepted instead of a signature for calls another model made: https://ai.google.dev/gemini-api/docs/thought-signatures */
const FOREIGN_SIGNATURES: readonly unknown[] = [FOREIGN_CALL, "context_engineering_is_the_way_to_go"];

function checkPartSignature(part: Json): void {
  const signature = part.thoughtSignature;
  if (signature === undefined || FOREIGN_SIGNATURES.includes(signature)) return;
  const call = asObject(part.functionCall);
  const genuine =
    call === undefined ? isSealed("thought", String(signature)) : isSigned("call", signedCall(call), signature);
  if (!genuine) refuse("Thought signature is not valid.");
}

/** The content that the signature of a call signs. */
export function signedCall(call: Json): unknown {
  return [call.name, call.args ?? {}];
}

/** In the current turn, the first function call of each step must have its signature. */
function checkCurrentTurn(contents: readonly Json[], traits: ModelTraits): void {
  if (traits.signsCalls !== true) return;
  const start = contents.findLastIndex(
    (content) =>
      content.role !== "model" && asObjects(content.parts).some((part) => part.functionResponse === undefined),
  );
  contents.slice(start + 1).forEach((content, offset) => {
    const first = asObjects(content.parts).find((part) => part.functionCall !== undefined);
    if (content.role !== "model" || first === undefined || first.thoughtSignature !== undefined) return;
    const name = String(asObject(first.functionCall)?.name);
    refuse(
      `Unable to submit request because function call \`default_api:${name}\` in the ${start + offset + 2}. content block is missing a \`thought_signature\`. Learn more: https://ai.google.dev/gemini-api/docs/thought-signatures`,
    );
  });
}
