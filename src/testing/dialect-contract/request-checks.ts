import type { CallOptions, Message, Settings } from "../../index.ts";
import { broken, type DialectAnswer, type DialectContract, formsOf, isSent } from "./contract.ts";
import { answerWith } from "./provider.ts";
import { ask, MODEL_ID, type Workbench, withDialect } from "./workbench.ts";

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
  if (!isSent(answers.text)) return;

  test("sends the model id and every message", () =>
    withDialect(contract, async (bench) => {
      const { text } = await requestFor(bench, answers.text, { messages: CONVERSATION });
      const wanted = [String(entry?.["name"] ?? MODEL_ID), ...CONVERSATION.map(({ content }) => String(content))];
      for (const part of wanted) if (!text.includes(part)) throw broken(`the request does not contain "${part}"`);
    }));
  test("sends the settings that it supports, and no others", () =>
    withDialect(contract, async (bench) => {
      for (const [name, value] of Object.entries(MARKED)) {
        const supported = dialect.settings?.has(name as keyof Settings) ?? true;
        const { text, adjusted } = await requestFor(bench, answers.text, { [name]: value });
        const sent = text.includes(String(value));
        if (sent && !supported) throw broken(`the request has ${name}, which is not in \`settings\` of the dialect`);
        if (!sent && supported && !adjusted)
          throw broken(`the request has no ${name}; send it, or list in \`settings\` what the dialect supports`);
      }
    }));
}

/** The text of the request for a call, and whether the reply reports a change of it. */
async function requestFor(
  { model, provider }: Workbench,
  answer: DialectAnswer,
  options: CallOptions,
): Promise<{ readonly text: string; readonly adjusted: boolean }> {
  const [form] = formsOf(answer);
  provider.answer = answerWith(answer, form);
  const { adjustments } = await ask(model, form, answer.prompt, { dropParams: true, ...options });
  return { text: provider.arrivals.at(-1)?.text ?? "", adjusted: adjustments.length > 0 };
}
