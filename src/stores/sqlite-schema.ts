/** `PRAGMA user_version` of the file. A file of a newer version is refused; raise it with every change of the tables. */
export const SCHEMA_VERSION = 1n;

/** Times are milliseconds since 1970; a counter of a total budget has no end. */
export const SCHEMA = `
CREATE TABLE family (name TEXT PRIMARY KEY, ends_ms INTEGER, members INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX family_ends ON family (ends_ms) WHERE ends_ms IS NOT NULL;
CREATE TABLE counter (
  family TEXT NOT NULL, member TEXT NOT NULL,
  spent INTEGER NOT NULL, reserved INTEGER NOT NULL, seeded INTEGER NOT NULL,
  PRIMARY KEY (family, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE reservation (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, state INTEGER NOT NULL, held TEXT NOT NULL, forget_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_owner ON reservation (owner) WHERE state = 0;
CREATE INDEX reservation_forget ON reservation (forget_ms) WHERE forget_ms IS NOT NULL;
CREATE TABLE owner (owner TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX owner_until ON owner (until_ms);
CREATE TABLE bucket (counter TEXT PRIMARY KEY, full_at_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE slot (counter TEXT PRIMARY KEY, taken INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pause (counter TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
