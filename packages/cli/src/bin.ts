import { main } from "./program/main.js";
import { requireNode } from "./program/require-node.js";

requireNode();
process.exitCode = await main(process.argv.slice(2));
