/** Whether a text can be a model's id: short, without spaces, and without characters that would write on a terminal. */
export function isPlainId(text: unknown): text is string {
  return typeof text === "string" && /^[^\p{C}\s]{1,256}$/u.test(text);
}
