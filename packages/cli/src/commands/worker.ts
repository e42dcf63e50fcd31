import type { Command } from "@lab/core/experiment";
import { serveTasks } from "@lab/core/jobs";
import type { Registry } from "../discovery/registry.js";

/** `lab worker`: takes tasks from a Redis queue until it is stopped. */
export function workerCommand(registry: Registry): Command {
  return {
    path: ["worker"],
    summary: "Run tasks of a Redis queue until Ctrl-C",
    options: {
      queue: { type: "string", description: "Address of the server, redis:// or rediss://", required: true },
      name: { type: "string", description: "Name of the queue", default: "lab" },
      concurrency: { type: "number", description: "Tasks at a time", default: 1 },
      allow: { type: "string", description: "Further handler modules, separated by commas" },
    },
    async run({ options, signal, print }) {
      const further = options.allow ? String(options.allow).split(",") : [];
      const allow = [...registry.handlers, ...further];
      print(`serving ${allow.join(", ")}`);
      await serveTasks({
        redis: String(options.queue),
        queue: String(options.name),
        allow,
        concurrency: Number(options.concurrency),
        signal,
      });
      return 0;
    },
  };
}
