// Takes the lock of a database and keeps it.
import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(process.argv[2] ?? "");
database.exec("BEGIN IMMEDIATE");
console.log("locked");
process.stdin.resume();
