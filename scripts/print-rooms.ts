// npm run rooms: prints the rooms of src by floor, with their sizes and imports.
import { roomsTable } from "./house/rooms.ts";

console.log(roomsTable(true));
