// Coordinator and worker in one process: node both.mjs <module of jobs> <address> <handler>. Prints the results as JSON.
const [, , jobs, redis, handler] = process.argv;
const { mapTasks, serveTasks } = await import(jobs);
const controller = new AbortController();
const served = serveTasks({ redis, allow: [handler], signal: controller.signal });
const results = [];
const inputs = [1, 2, 3].map((x) => ({ key: `${x}`, input: { x } }));
try {
  for await (const { output } of mapTasks({ name: "tls", handler, inputs, runner: { redis } }))
    results.push(output.square);
} finally {
  controller.abort();
}
await served;
process.stdout.write(JSON.stringify(results.sort()));
