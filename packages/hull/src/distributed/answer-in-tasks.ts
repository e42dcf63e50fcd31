import { checkAborted } from "@lab/core";
import { answerBlock, type BlockAnswer, type BlockQuestion } from "../cascade/answer-block.js";
import { type HullContext, localRun } from "../cascade/context.js";
import type { CheckedQueryOptions } from "../hull/options.js";
import { SHARD_ROWS } from "../passes/row-passes.js";
import { activeBackend, hasExactSingles } from "../pricing/tensor-pass.js";
import type { Pauses } from "../run/pauses.js";
import { fromPlain, toPlain } from "./plain.js";
import { hashOf } from "./result-files.js";
import { type KeyedTask, runTasks } from "./run-tasks.js";
import { ShardedPasses } from "./sharded-passes.js";
import { withTaskFolder } from "./task-folder.js";

/**
 * Answers queries by tasks whose results are kept: a task is a block of queries against all points, or, where the points
 * are split, one pass over a shard of them for all queries.
 */
export async function answerInTasks(
  caller: string,
  context: HullContext,
  question: BlockQuestion,
  query: CheckedQueryOptions,
  pauses: Pauses,
  onDone: (count: number) => void,
): Promise<BlockAnswer> {
  const { rows, options } = context;
  const runner = query.runner ?? "inline";
  const bytes = rows.n * rows.d * { float64: 8, float32: 4, uint8: 1 }[rows.dtype];
  const isSharded =
    query.split === "rows" || (query.split === "auto" && rows.data === null && bytes > options.memoryBudget);
  return await withTaskFolder(caller, rows, query.checkpoint, query.signal, async (folder) => {
    if (isSharded) {
      const shardRows = Math.max(query.chunkSize, Math.min(SHARD_ROWS, rows.n / 16));
      const passes = new ShardedPasses(
        rows,
        folder,
        runner,
        query.chunkSize,
        query.signal,
        undefined,
        4 * Math.ceil(shardRows / 4),
      );
      const { engine } = options;
      return await answerBlock(context, question, { query, pauses, passes, isSharded, engine }, onDone);
    }
    const backend = hasExactSingles() ? (activeBackend() as "wasm" | "cpu") : null;
    // Workers without the tensors of this process compute on the host, and so does this process then.
    const engine = backend === null && options.engine !== "js" ? "simd" : options.engine;
    const hull = plainOptions({ ...options, engine });
    const plainQuery = plainOptions(query);
    const { d } = rows;
    const { queries } = question;
    const m = queries.length / d;
    const size = Math.min(query.blockSize, Math.max(1, Math.ceil(m / 8)));
    const settings = JSON.stringify({
      ...plainOptions(question),
      queries: null,
      hull,
      query: plainQuery,
      backend,
    });
    const tasks: KeyedTask[] = [];
    const counts = new Map<string, number>();
    for (let from = 0; from < m; from += size) {
      const block = { ...question, queries: queries.slice(from * d, Math.min(m, from + size) * d) };
      const plain = toPlain(block);
      const key = `${question.mode}-${from}-${await hashOf(folder.points, settings, JSON.stringify(plain))}`;
      counts.set(key, block.queries.length / d);
      tasks.push({
        key,
        here: async () => {
          checkAborted(query.signal);
          return toPlain(
            await answerBlock(context, block, localRun(context, query, pauses, engine), () => {}),
          );
        },
        task: async () => ({
          kind: "block",
          points: folder.points,
          address: await folder.address(),
          hull,
          query: plainQuery,
          backend,
          question: plain,
        }),
      });
    }
    const outputs = await runTasks(folder.files, tasks, runner, query.signal, (key) =>
      onDone(counts.get(key)!),
    );
    return joined(tasks.map(({ key }) => fromPlain(outputs.get(key)) as BlockAnswer));
  });
}

/** Options that plain JSON can carry and that decide what comes out. */
function plainOptions(options: object): object {
  const { signal, onProgress, runner, checkpoint, ...rest } = options as Record<string, unknown>;
  return rest;
}

/** Answers to blocks, one after the other. */
function joined(answers: readonly BlockAnswer[]): BlockAnswer {
  const out: Record<string, unknown> = {};
  for (const [name, first] of Object.entries(answers[0]!)) {
    const parts = answers.map((answer) => (answer as unknown as Record<string, unknown>)[name]);
    if (Array.isArray(first)) out[name] = parts.flat();
    else {
      const length = parts.reduce((sum: number, part) => sum + (part as Float64Array).length, 0);
      const whole = new (first.constructor as Float64ArrayConstructor)(length);
      let at = 0;
      for (const part of parts as Float64Array[]) {
        whole.set(part, at);
        at += part.length;
      }
      out[name] = whole;
    }
  }
  return out as unknown as BlockAnswer;
}
