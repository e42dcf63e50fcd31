import { appendFileSync } from "node:fs";
import { threadId } from "node:worker_threads";

// input: { x, log?, delayMs?, failures?, exit?, poison? }. Every attempt leaves a line in the log.
export default async function square(input, context) {
  const { x, log, delayMs = 0, failures = 0, exit = false, poison = false } = input;
  if (log) appendFileSync(log, `${context.key} ${context.attempt} ${process.pid}.${threadId}\n`);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (poison) throw new RangeError(`no square of ${x}`);
  if (context.attempt < failures) throw new Error(`attempt ${context.attempt} fails`);
  if (exit) process.exit(3);
  input.x = "changed"; // must not reach anybody
  return { square: x * x, name: context.name };
}
