/** No value was found: there is none, or the schema is too complex for the generator. */
export class UnsatisfiedSchema extends Error {
  /** Path in the value: `$.items[].name`. */
  readonly place: string;

  constructor(place: string, problem: string) {
    super(`no value was found for ${place} that satisfies ${problem}`);
    this.name = "UnsatisfiedSchema";
    this.place = place;
  }
}
