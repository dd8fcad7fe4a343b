import type { CallOptions, Message, Settings } from "../../index.ts";
import { broken, type DialectContract, type Form, formsOf } from "./contract.ts";
import { answerWith } from "./provider.ts";
import { ask, MODEL_ID, withDialect } from "./workbench.ts";

/** Values that no request has by chance. */
const MARKED = {
  temperature: 0.3417,
  topP: 0.6283,
  topK: 7411,
  maxNewTokens: 4639,
  stop: "contract-stop",
  seed: 918_273,
  user: "contract-user",
  presencePenalty: 0.5179,
  frequencyPenalty: 0.4391,
} satisfies CallOptions;

const CONVERSATION: readonly Message[] = [
  { role: "system", content: "contract-instructions" },
  { role: "user", content: "contract-question" },
  { role: "assistant", content: "contract-answer" },
  { role: "user", content: "contract-follow-up" },
];

export function testRequests(contract: DialectContract): void {
  const { test, dialect, answers, entry } = contract;
  const form = formsOf(answers.text).find((one) => answers.text[one] !== undefined);
  if (form === undefined) return;

  test("sends the model id and every message", async () => {
    const sent = await requestFor(contract, form, {}, CONVERSATION);
    const wanted = [String(entry?.["name"] ?? MODEL_ID), ...CONVERSATION.map(({ content }) => String(content))];
    for (const text of wanted) if (!sent.text.includes(text)) throw broken(`the request does not contain "${text}"`);
  });
  test("sends the settings that it supports, and no others", async () => {
    for (const [name, value] of Object.entries(MARKED)) {
      const supported = dialect.settings?.has(name as keyof Settings) ?? true;
      const { text, adjusted } = await requestFor(contract, form, { [name]: value });
      const isSent = text.includes(String(value));
      if (isSent && !supported) throw broken(`the request has ${name}, which is not in \`settings\` of the dialect`);
      if (supported && !isSent && !adjusted)
        throw broken(
          `the request has no ${name}, which \`settings\` of the dialect allows; send it, or remove it there`,
        );
    }
  });
}

/** The text of the request for a call, and whether the reply reports a change of it. */
async function requestFor(
  contract: DialectContract,
  form: Form,
  options: CallOptions,
  messages?: readonly Message[],
): Promise<{ readonly text: string; readonly adjusted: boolean }> {
  const { text } = contract.answers;
  return withDialect(contract, answerWith(text, form), async ({ model, provider }) => {
    const all = { dropParams: true, ...options, ...(messages && { messages }) };
    const { adjustments } = await ask(model, form, text.prompt, all);
    const sent = provider.arrivals.map((arrival) => arrival.text).join("\n");
    return { text: sent, adjusted: adjustments.length > 0 };
  });
}
