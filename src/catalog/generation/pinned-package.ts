/** The package with the data of the catalog. `npm run catalog -- --version VERSION` changes the version. */
export const PI_PACKAGE = "@earendil-works/pi-ai";
export const PI_VERSION = "1.5.2";
