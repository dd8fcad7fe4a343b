/** Origin and path of an address: its user and its query may hold a key. */
export function placeOf(address: string): string {
  if (!URL.canParse(address)) return "the address";
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname === "/" ? "" : pathname}`;
}
