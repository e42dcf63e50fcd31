// Milliseconds and megabytes that inspecting a prior file takes in a process that does nothing else, as JSON: the file.
import { inspectPrior } from "@lab/priors";

const file = process.argv[2];
const { rss } = process.memoryUsage();
const times = [];
for (let i = 0; i < 5; i++) {
  const start = performance.now();
  await inspectPrior(file);
  times.push(performance.now() - start);
}
const megabytes = (process.memoryUsage().rss - rss) / 2 ** 20;
process.stdout.write(JSON.stringify({ times, megabytes }));
