import { digest, randomOf } from "../dialects/served/hash.ts";
import type { SimulatedRequest } from "../dialects/served/request.ts";
import { promptWords } from "./prompt-words.ts";
import { requestedValue } from "./requested-value.ts";

const OPENINGS = [
  (asked: string) => `You asked: "${asked}".`,
  (asked: string) => `Your question was "${asked}".`,
  (asked: string) => `This is about "${asked}".`,
  (asked: string) => `"${asked}" is a good thing to ask.`,
];

const MIDDLES = [
  (topic: string) =>
    `A real model would now write about ${topic}; this answer is simulated and was made on your machine.`,
  (topic: string) => `Take this as a simulated answer about ${topic}: no model was called and nothing was billed.`,
  (topic: string) => `Here is a simulated answer on ${topic}, always the same for the same question.`,
  (topic: string) =>
    `The simulated view: there is a short answer about ${topic} and a long one, and you are reading the short one.`,
];

const ENDINGS = [
  "Change provider in models.toml to hear a real one.",
  "Everything around it, from the request to the usage, went over a real socket.",
  "Ask again and you will read the same words.",
  "The tokens are counted, the price of them is not real.",
];

const THOUGHTS = [
  (topic: string) => `The user wants to know about ${topic}.`,
  () => "I should check what was asked and what was given.",
  (topic: string) => `There are several ways to look at ${topic}, and the simplest one is enough here.`,
  () => "Let me make sure that nothing was overlooked: the instructions, the question and the length of the answer.",
  (topic: string) => `I could mention an example about ${topic} but a plain statement reads better.`,
  () => "The answer has to say that it is simulated.",
  () => "Now I can write it down.",
];

/** A text answer. */
export function proseAnswer(request: SimulatedRequest, topic: string, index: number): string {
  const random = randomOf(topic);
  const choose = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T;
  const subject = subjectOf(request.prompt);
  const sentences = [
    choose(OPENINGS)(excerpt(request.prompt)),
    choose(MIDDLES)(subject),
    attachments(request),
    choose(ENDINGS),
  ];
  return `${label(request, index)} ${sentences.filter((sentence) => sentence !== "").join(" ")}`;
}

/** An answer that quotes the tool results. */
export function toolResultAnswer(request: SimulatedRequest, index: number): string {
  const results = request.turns.at(-1)?.results ?? [];
  const lines = results.map((result) => `${result.name ?? "the tool"} answered ${excerpt(result.text, 400)}`);
  return `${label(request, index)} You asked: "${excerpt(request.prompt)}". In this simulated run ${lines.join("; ")}.`;
}

/** JSON that satisfies the schema of the request, or any object in plain JSON mode. */
export function jsonAnswer(request: SimulatedRequest, topic: string, index: number): string {
  const schema = typeof request.output === "object" ? request.output.schema : undefined;
  if (schema === undefined)
    return JSON.stringify({ simulated: true, model: request.model, question: excerpt(request.prompt), sample: index });
  return JSON.stringify(
    requestedValue("an answer", schema, { prompt: request.prompt, seed: digest(topic, "json"), prefix: "simulated " }),
  );
}

/** Reasoning of the requested amount, about 12 to 120 tokens. */
export function reasoningText(request: SimulatedRequest, topic: string): string {
  const amount = request.reasoning?.amount ?? 0;
  if (amount <= 0) return "";
  const first = Math.floor(randomOf(topic)() * 3);
  const subject = subjectOf(request.prompt);
  const chosen = THOUGHTS.slice(0, Math.max(1, Math.round(amount * THOUGHTS.length)));
  const rotated = chosen.map((_, position) => chosen[(position + first) % chosen.length] ?? (() => ""));
  return `(simulated reasoning) ${rotated.map((thought) => thought(subject)).join(" ")}`;
}

/** The label at the start of every text answer. */
export function label(request: SimulatedRequest, index: number): string {
  return index === 0 ? `[simulated ${request.model}]` : `[simulated ${request.model}, sample ${index + 1}]`;
}

export function excerpt(text: string, most = 80): string {
  const line = Array.from(text.replace(/\s+/g, " ").trim());
  return line.length <= most ? line.join("") : `${line.slice(0, most - 1).join("")}…`;
}

function subjectOf(prompt: string): string {
  const { words } = promptWords(prompt);
  return words.slice(-3).join(" ").toLowerCase() || "nothing in particular";
}

export function attachments(request: SimulatedRequest): string {
  const media = request.turns.flatMap((turn) => turn.media);
  if (media.length === 0) return "";
  return `It came with ${media.length} attachment${media.length === 1 ? "" : "s"}: ${media.join(", ")}.`;
}
