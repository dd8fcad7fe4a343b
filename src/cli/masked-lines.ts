import { mayHoldSecrets } from "../core/secret-name.ts";

const REFERENCE = /^["']?(?:env|file):[^:]*$/;
const QUOTED = /"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'[\]{}=,#]{8,}/g;

/**
 * Masks secrets in lines of a models.toml without changing their length: values under names of credentials, including
 * arrays over several lines, and anything that looks like an API key.
 */
export function withoutSecrets(lines: readonly string[]): string[] {
  let inList = false;
  return lines.map((line) => {
    const name = line.slice(0, Math.max(0, line.indexOf("=")));
    const begins = mayHoldSecrets(name);
    const secret = begins || inList;
    if (begins) inList = line.includes("[", line.indexOf("=")) && !line.includes("]");
    else if (line.includes("]")) inList = false;
    const from = begins ? line.indexOf("=") + 1 : 0;
    return (
      line.slice(0, from) +
      line.slice(from).replace(QUOTED, (word) => (secret || isKeyLike(word) ? starred(word) : word))
    );
  });
}

function isKeyLike(word: string): boolean {
  return !/\s/.test(word) && word.length >= 20 && /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word);
}

/** Names of variables and files are not secrets; a default after them is. */
function starred(word: string): string {
  return REFERENCE.test(word.replace(/["']$/, "")) ? word : word.replace(/[^"'\\]/g, "*");
}
