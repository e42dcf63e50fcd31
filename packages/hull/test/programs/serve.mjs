// A worker as a process of its own: node serve.mjs <options of serveTasks as JSON>
import { serveTasks } from "@lab/core/jobs";

await serveTasks(JSON.parse(process.argv[2]));
