/** No value was found: there is none, or the schema asks for more than can be made up here. */
export class UnsatisfiedSchema extends Error {
  /** Where in the value: `$.items[].name`. */
  readonly place: string;

  constructor(place: string, problem: string) {
    super(`no value was found for ${place} that satisfies ${problem}`);
    this.name = "UnsatisfiedSchema";
    this.place = place;
  }
}
