import { nearest } from "../core/suggest.ts";
import type { Discovery, ModelError, OfferedModel } from "../index.ts";
import { sameModel, stemOf } from "./catalog.ts";
import { printableLine } from "./printable.ts";

/** The model of a list that an entry's id leads to: the same id, or the release an id without a date stands for. */
export function listedAs(id: string, models: readonly OfferedModel[]): OfferedModel | undefined {
  const bare = id.replace(/^(?:publishers\/[^/]+\/)?models\//, "");
  // Gateways take `id:variant` and list the id; Ollama lists `id:latest` and takes the id.
  const names = [id, bare, `${id}:latest`, ...(id.includes(":") ? [id.slice(0, id.lastIndexOf(":"))] : [])];
  const exact = names.map((name) => models.find((model) => model.id === name)).find((model) => model !== undefined);
  if (exact !== undefined) return exact;
  const isPointer = stemOf(bare) === bare || bare.endsWith("-latest");
  return isPointer ? models.find((model) => sameModel(model.id, bare)) : undefined;
}

export function nearestId(id: string, models: readonly OfferedModel[]): string | undefined {
  return nearest(
    id,
    models.map((model) => model.id),
  );
}

/** What a provider's answer says about one entry. */
export type OnlineStatus =
  | "ok"
  /** Not in a list that is known to leave out models. */
  | "not-listed"
  | "no-such-model"
  | "key-refused"
  /** It has no list, or none for this key. */
  | "cannot-be-asked"
  /** An answer that says nothing about key and model: not a list, or an error of the server. */
  | "unexpected-answer"
  | "not-reached"
  /** The entry cannot be used yet. */
  | "not-asked";

export interface OnlineVerdict {
  readonly status: OnlineStatus;
  /** Why it is not ok. */
  readonly message?: string;
  /** The nearest id of the list. */
  readonly suggestion?: string;
  /** The release an id without a date stands for now. */
  readonly listedAs?: string;
  readonly retiresOn?: string;
}

export function verdictOn(id: string, answer: Discovery | ModelError): OnlineVerdict {
  if (answer instanceof Error) {
    const status = statusOf(answer);
    const http = status === "unexpected-answer" && answer.status !== undefined ? `HTTP ${answer.status}: ` : "";
    return { status, message: http + reasonOf(answer) };
  }
  const { models, complete, provider } = answer;
  const found = listedAs(id, models);
  if (found !== undefined) {
    const { retiresOn } = found;
    return {
      status: "ok",
      ...(found.id !== id && { listedAs: found.id }),
      ...(retiresOn !== undefined && { retiresOn }),
    };
  }
  if (!complete)
    return { status: "not-listed", message: `${provider} has an incomplete list of models, without this one` };
  const suggestion = nearestId(id, models);
  return {
    status: "no-such-model",
    message: `${provider} does not offer "${id}"`,
    ...(suggestion !== undefined && { suggestion }),
  };
}

function statusOf({ code, status, message }: ModelError): OnlineStatus {
  // OpenAI's restricted keys: good for answers, not for the list.
  if (code === "unauthorized") return /missing scopes/i.test(message) ? "cannot-be-asked" : "key-refused";
  if (code === "forbidden" || code === "unsupported" || code === "not_found") return "cannot-be-asked";
  if (status === 405 || status === 501) return "cannot-be-asked";
  return status !== undefined || code === "protocol_error" ? "unexpected-answer" : "not-reached";
}

/** Whether nothing is known of the entry because of its provider. */
export function isUnheard(status: OnlineStatus | undefined): boolean {
  return status === "not-reached" || status === "unexpected-answer";
}

/** The message of an error without the names that are shown next to it. */
function reasonOf({ message }: ModelError): string {
  return printableLine(message)
    .replace(/^[^:]*\(list of models\): /, "")
    .replace(/ \(see models\.[^)]*\)$/, "");
}

/** The worst first. */
const ORDER: readonly OnlineStatus[] = [
  "key-refused",
  "no-such-model",
  "not-reached",
  "unexpected-answer",
  "cannot-be-asked",
  "not-listed",
  "ok",
  "not-asked",
];

/** Of the verdicts with several keys the one that needs something done. */
export function worstOf(verdicts: readonly OnlineVerdict[]): OnlineVerdict {
  const [worst] = [...verdicts].sort((left, right) => ORDER.indexOf(left.status) - ORDER.indexOf(right.status));
  return worst ?? { status: "not-asked" };
}
