import type { AuditInput } from "../src/audit/index.js";
import { RandomStream } from "../src/audit/random-stream.js";

/** A sweep of two settings, `a` and `b`, with shared difficulty of images and noise of runs on the logit. */
export function simulateAudit(o: {
  seed: number;
  runs: number;
  classes: number;
  images: number;
  /** What `b` adds to the logit of a class. */
  effects: Record<number, number>;
  /** Standard deviation over runs. */
  runSd?: number;
}): AuditInput {
  const stream = new RandomStream(1000 + o.seed);
  const uniform = () => (stream.word() + 0.5) * 2 ** -32;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const labels = Array.from({ length: o.classes * o.images }, (_, i) => Math.floor(i / o.images));
  const logit = labels.map(() => 1.5 + 1.2 * normal());
  const runs = ["a", "b"].flatMap((setting) =>
    Array.from({ length: o.runs }, (_, seed) => {
      const noise = Array.from({ length: o.classes }, () => (o.runSd ?? 0.25) * normal());
      const predictions = labels.map((c, i) => {
        const value = logit[i]! + noise[c]! + (setting === "b" ? (o.effects[c] ?? 0) : 0);
        return uniform() < 1 / (1 + Math.exp(-value)) ? c : (c + 1) % o.classes;
      });
      return { setting, seed, predictions };
    }),
  );
  return { labels, runs };
}
