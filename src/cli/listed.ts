import { nearest } from "../core/suggest.ts";
import type { Discovery, ModelError, OfferedModel } from "../index.ts";
import { sameModel, stemOf } from "./catalog.ts";
import { printableLine } from "./printable.ts";

/** Finds an entry's model in a list: the same id, or the release that an undated id refers to. */
export function listedAs(id: string, models: readonly OfferedModel[]): OfferedModel | undefined {
  const bare = id.replace(/^(?:publishers\/[^/]+\/)?models\//, "");
  // Gateways accept `id:variant` but list `id`; Ollama lists `id:latest` and accepts `id`.
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

/** The result of checking one entry against its provider's list. */
export type OnlineStatus =
  | "ok"
  /** Not in the list, which is known to be incomplete. */
  | "not-listed"
  | "no-such-model"
  | "key-refused"
  /** The provider has no list, or not for this key. */
  | "cannot-be-asked"
  /** Neither a list nor an error about the key: a server error, for example. */
  | "unexpected-answer"
  | "not-reached"
  /** The entry is not usable yet. */
  | "not-asked";

export interface OnlineVerdict {
  readonly status: OnlineStatus;
  /** Why the status is not ok. */
  readonly message?: string;
  /** The nearest id in the list. */
  readonly suggestion?: string;
  /** The release that an undated id currently refers to. */
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
  // OpenAI's restricted keys may be valid for calls but not for the list.
  if (code === "unauthorized") return /missing scopes/i.test(message) ? "cannot-be-asked" : "key-refused";
  if (code === "forbidden" || code === "unsupported" || code === "not_found") return "cannot-be-asked";
  if (status === 405 || status === 501) return "cannot-be-asked";
  return status !== undefined || code === "protocol_error" ? "unexpected-answer" : "not-reached";
}

/** Whether a failure of the provider left the entry unchecked. */
export function isProviderFailure(status: OnlineStatus | undefined): boolean {
  return status === "not-reached" || status === "unexpected-answer";
}

/** The message of an error without the names that are shown next to it. */
function reasonOf({ message }: ModelError): string {
  return printableLine(message)
    .replace(/^[^:]*\(list of models\): /, "")
    .replace(/ \(see models\.[^)]*\)$/, "");
}

/** From worst to best. */
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

/** The worst of the verdicts for several keys. */
export function worstOf(verdicts: readonly OnlineVerdict[]): OnlineVerdict {
  const [worst] = [...verdicts].sort((left, right) => ORDER.indexOf(left.status) - ORDER.indexOf(right.status));
  return worst ?? { status: "not-asked" };
}
