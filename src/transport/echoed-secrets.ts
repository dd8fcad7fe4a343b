import { redact, Secret } from "../core/secret.ts";

/** A text of a failed answer without the credentials that its server repeats: plain, in JSON, or in an address. */
export function withoutSecrets(text: string, secrets: readonly Secret[]): string {
  return redact(text, secrets.flatMap(spellingsOf));
}

function spellingsOf(secret: Secret): Secret[] {
  const value = secret.reveal();
  const inJson = JSON.stringify(value).slice(1, -1);
  const spellings = new Set([value, inJson, inJson.replaceAll("/", "\\/"), encodeURIComponent(value.toWellFormed())]);
  return [...spellings].map((spelling) => new Secret(spelling));
}
