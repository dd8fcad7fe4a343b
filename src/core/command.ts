/** How messages name the command line: an installed dependency is not on the PATH. */
export const COMMAND = "npx modelwright";
