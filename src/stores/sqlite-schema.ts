/** Times are milliseconds since 1970; a counter of a total budget has no end. */
const COUNTERS = `
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

/** Values, the order in which they were used, and their number and size. */
const VALUES = `
CREATE TABLE value (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, used INTEGER NOT NULL, expires_ms REAL NOT NULL
) STRICT;
CREATE INDEX value_used ON value (used);
CREATE INDEX value_expires ON value (expires_ms);
CREATE TABLE value_text (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE value_total (entries INTEGER NOT NULL, bytes INTEGER NOT NULL, uses INTEGER NOT NULL) STRICT;
INSERT INTO value_total VALUES (0, 0, 0);
CREATE TRIGGER value_added AFTER INSERT ON value BEGIN
  UPDATE value_total SET entries = entries + 1, bytes = bytes + new.bytes;
END;
CREATE TRIGGER value_deleted AFTER DELETE ON value BEGIN
  DELETE FROM value_text WHERE id = old.id;
  UPDATE value_total SET entries = entries - 1, bytes = bytes - old.bytes;
END;
`;

/** Each brings a file from one version to the next: what earlier versions counted is kept. Append to this list. */
export const SCHEMA_CHANGES: readonly string[] = [COUNTERS, VALUES];

/** `PRAGMA user_version` of the file. A file of a newer version is refused. */
export const SCHEMA_VERSION = BigInt(SCHEMA_CHANGES.length);
