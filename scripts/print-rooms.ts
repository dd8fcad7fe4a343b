// npm run rooms: the rooms of src by floor, with their sizes and what they import.
import { roomsTable } from "./house/rooms.ts";

console.log(roomsTable(true));
