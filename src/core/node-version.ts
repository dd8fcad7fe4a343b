/** What the dependencies need; package.json says the same in `engines`. */
const OLDEST = [22, 19] as const;

/** Why this Node cannot run modelwright, in one sentence; `undefined` where it can, or where there is no Node. */
export function unsupportedNode(version = globalThis.process?.versions?.node): string | undefined {
  if (version === undefined) return undefined;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `modelwright needs Node ${OLDEST.join(".")} or newer; this is Node ${version}`;
}
