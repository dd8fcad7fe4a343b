/** Whether a value can be a model id: a short string without spaces and control characters. */
export function isPlainId(text: unknown): text is string {
  return typeof text === "string" && /^[^\p{C}\s]{1,256}$/u.test(text);
}
