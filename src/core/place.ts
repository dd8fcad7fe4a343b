/** Origin and path of a URL. Its credentials and its query are omitted, because they may contain a key. */
export function placeOf(address: string): string {
  if (!URL.canParse(address)) return "the URL";
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname === "/" ? "" : pathname}`;
}
