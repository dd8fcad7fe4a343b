/** The oldest version that the dependencies support; the same as `engines` in package.json. */
const OLDEST = [22, 19] as const;

/** Why this Node version cannot run modelwright; `undefined` if it can, or without Node. */
export function unsupportedNode(version = globalThis.process?.versions?.node): string | undefined {
  if (version === undefined) return undefined;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `modelwright needs Node ${OLDEST.join(".")} or newer; this is Node ${version}`;
}
