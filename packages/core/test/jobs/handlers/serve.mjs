// A worker as a process of its own: node serve.mjs <module of jobs> <options as JSON>
const [, , jobs, options] = process.argv;
const { serveTasks } = await import(jobs);
await serveTasks(JSON.parse(options));
