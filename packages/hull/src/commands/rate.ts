import { ArgumentError, checkInteger } from "@lab/core";
import type { Command, CommandContext } from "@lab/core/experiment";
import { packCertificate } from "../certify/certificate-json.js";
import { ConvexHull } from "../hull/convex-hull.js";
import type { Points } from "../points/points.js";
import { report } from "../report/report.js";
import { blockMean, centerCrop } from "../subspaces/images.js";
import { pca } from "../subspaces/linear.js";
import type { Subspace } from "../subspaces/subspace.js";
import { inMemory, readPoints } from "./read-points.js";

async function subspaceOf(options: CommandContext["options"], train: Points): Promise<Subspace | null> {
  const given = (["pca", "crop", "mean"] as const).filter((name) => options[name] !== undefined);
  if (given.length === 0) return null;
  if (given.length > 1) {
    throw new ArgumentError(`hull rate: --${given.join(" and --")} are given; one of them was expected`, {
      argument: given[1]!,
      value: options[given[1]!],
    });
  }
  const [name] = given as [(typeof given)[number]];
  const size = checkInteger("hull rate", name, options[name], { min: 1 });
  if (name === "pca") return await pca(train, { components: size });
  const side = Math.sqrt(train.shape[1]!);
  if (!Number.isInteger(side)) {
    throw new ArgumentError(
      `hull rate: --${name} needs square pictures of one channel; rows of ${train.shape[1]} values were given`,
      { argument: name, value: size },
    );
  }
  const shape = [side, side, 1] as const;
  return name === "crop" ? centerCrop({ shape, size }) : blockMean({ shape, size });
}

/** `lab hull rate`. */
export const rate: Command = {
  path: ["hull", "rate"],
  summary: "share of test rows inside the convex hull of the training rows, proven",
  options: {
    train: { type: "string", description: "training rows: .npy, .csv or IDX", required: true },
    test: { type: "string", description: "test rows", required: true },
    pca: { type: "number", description: "project to that many principal components of the training rows" },
    crop: { type: "number", description: "keep the central N × N pixels of square pictures" },
    mean: { type: "number", description: "average square pictures to N × N blocks" },
    certificates: { type: "string", description: "write one certificate a line to this file" },
    report: { type: "string", description: "write an HTML report to this file" },
    checkpoint: { type: "string", description: "folder of partial results, from which a later run goes on" },
  },
  async run({ options, init, runner, signal, onProgress, print, json }) {
    const opened = await readPoints(options.train as string);
    const tested = await readPoints(options.test as string);
    const subspace = await subspaceOf(options, opened);
    await init();
    const train = subspace === null ? opened : subspace.apply(await inMemory(opened));
    const test = subspace === null ? tested : subspace.apply(await inMemory(tested));
    const hull = await ConvexHull.from(train, { signal });
    const checkpoint = options.checkpoint as string | undefined;
    const result = await hull.contains(test, {
      signal,
      onProgress,
      runner,
      ...(checkpoint !== undefined && { checkpoint }),
    });
    hull.dispose();
    const { atomicWrite } = await import("@lab/core/io");
    const encode = (text: string) => new TextEncoder().encode(text);
    if (options.certificates !== undefined) {
      const lines = [...result.certificates()].map(packCertificate);
      await atomicWrite(options.certificates as string, encode(`${lines.join("\n")}\n`));
    }
    if (options.report !== undefined) await atomicWrite(options.report as string, encode(report(result)));
    const { inside, outside, boundary, duplicates, total, interval } = result.rate;
    if (json) print(JSON.stringify(result.rate));
    else {
      const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
      print(
        `${inside} of ${total} inside (${duplicates} equal to a row), ${outside} outside, ${boundary} undecided`,
      );
      print(
        `rate ${percent(result.rate.rate)}, 95 % interval ${percent(interval[0])} to ${percent(interval[1])}`,
      );
    }
    return 0;
  },
};
