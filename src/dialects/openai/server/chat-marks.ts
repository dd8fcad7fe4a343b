import type {
  ChatCompletionContentPart,
  ChatCompletionContentPartRefusal,
  ChatCompletionCreateParams,
  ChatCompletionTool,
} from "openai/resources/chat/completions/completions";
import type { Mark, WireMarks } from "../../served/marks.ts";

type Field = keyof ChatCompletionCreateParams;
type ToolType = ChatCompletionTool["type"];
type PartType = (ChatCompletionContentPart | ChatCompletionContentPartRefusal)["type"];

/** Every name in chat completions: one that a new version of the SDK adds does not compile until it has a mark. */
export const CHAT_MARKS = {
  fields: {
    model: "carried",
    messages: "carried",
    stream: "carried",
    stream_options: "carried",
    n: "carried",
    max_completion_tokens: "carried",
    max_tokens: "carried",
    temperature: "carried",
    top_p: "carried",
    stop: "carried",
    seed: "carried",
    frequency_penalty: "carried",
    presence_penalty: "carried",
    logit_bias: "carried",
    logprobs: "carried",
    top_logprobs: "carried",
    reasoning_effort: "carried",
    verbosity: "carried",
    modalities: "carried",
    prediction: "carried",
    response_format: "carried",
    service_tier: "carried",
    user: "carried",
    metadata: "carried",
    prompt_cache_key: "carried",
    web_search_options: "carried",
    parallel_tool_calls: "carried",
    tools: "carried",
    tool_choice: "carried",
    audio: "same wire",
    function_call: "same wire",
    functions: "same wire",
    moderation: "same wire",
    prompt_cache_options: "same wire",
    prompt_cache_retention: "same wire",
    safety_identifier: "same wire",
    store: "same wire",
  } satisfies Record<Field, Mark>,
  tools: { function: "carried", custom: "carried" } satisfies Record<ToolType, Mark>,
  content: {
    text: "carried",
    image_url: "carried",
    input_audio: "carried",
    file: "carried",
    refusal: "carried",
  } satisfies Record<PartType, Mark>,
} satisfies WireMarks;
