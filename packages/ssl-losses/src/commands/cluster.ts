import { ArgumentError, checkChoice } from "@lab/core";
import type { Command, CommandContext } from "@lab/core/experiment";
import { atomicWrite, readNpy, writeNpy } from "@lab/core/io";
import { ari, clusterAccuracy, nmi } from "@lab/core/metrics";
import { type Picture, renderSvg } from "@lab/core/plot";
import type * as tf from "@tensorflow/tfjs-core";
import { isBelieved } from "../nmce/cluster-features.js";
import { clusterFeatures } from "../nmce/index.js";
import { elasticNetClusters } from "../subspaces/index.js";
import { readLabels, readMatrix } from "./read-data.js";

const PER_CLUSTER = 10;

/** The first pictures of each cluster, one row a cluster. */
async function contactSheet(path: string, labels: Int32Array, numClusters: number): Promise<string> {
  const { shape, data } = await readNpy(path);
  const [count, height = 0, width = 0, channels = 1] = shape;
  if (count !== labels.length || shape.length < 3 || (channels !== 1 && channels !== 3)) {
    throw new ArgumentError(
      `lab ssl cluster: images has shape [${shape}]; [${labels.length},height,width] or with 1 or 3 channels was expected`,
      { argument: "images", value: shape },
    );
  }
  const size = height * width * channels;
  const white = data instanceof Uint8Array ? 255 : 1;
  const images: Picture[] = [];
  for (let cluster = 0; cluster < numClusters; cluster++) {
    const members = [...labels.keys()].filter((i) => labels[i] === cluster);
    for (let at = 0; at < PER_CLUSTER; at++) {
      const i = members[at];
      const values = Float32Array.from({ length: size }, (_, p) =>
        i === undefined ? 0 : Math.min(1, Math.max(0, Number(data[i * size + p]) / white)),
      );
      images.push({
        height,
        width,
        channels,
        data: values,
        ...(at === 0 ? { label: `${members.length}` } : {}),
      });
    }
  }
  return renderSvg({ kind: "image", title: "Clusters, one a row", images, columns: PER_CLUSTER });
}

/** Clusters, what is told of them as JSON, and a line for people. */
interface Found {
  labels: Int32Array;
  report: Record<string, unknown>;
  line: string;
}

async function byHeads(
  x: tf.Tensor2D,
  numClusters: number,
  { options, signal, onProgress }: CommandContext,
): Promise<Found> {
  const { labels, membership, reductionRatio, attempts } = await clusterFeatures(x, {
    numClusters,
    epsilonSquared: Number(options.epsilon2),
    steps: Number(options.steps),
    restarts: Number(options.restarts),
    seed: Number(options.seed),
    ...(options.dim === undefined ? {} : { dim: Number(options.dim) }),
    signal,
    onProgress,
  });
  membership.dispose();
  const verdict = isBelieved(reductionRatio) ? "can be believed" : "not converged to orthogonal subspaces";
  const line = `rate reduction ${reductionRatio.toFixed(3)} of the ideal: ${verdict}`;
  return { labels, report: { reductionRatio, attempts }, line };
}

async function byElasticNet(
  x: tf.Tensor2D,
  numClusters: number,
  { options, signal, onProgress }: CommandContext,
): Promise<Found> {
  const { labels, neighbours } = await elasticNetClusters(x, {
    numClusters,
    gamma: Number(options.gamma),
    tau: Number(options.tau),
    seed: Number(options.seed),
    signal,
    onProgress,
  });
  return {
    labels,
    report: { neighbours },
    line: `a row is coded by ${neighbours.toFixed(1)} others on average`,
  };
}

/** `lab ssl cluster`: manifold clusters of features. */
export const clusterCommand: Command = {
  path: ["ssl", "cluster"],
  summary: "Cluster features by the rate reduction, without labels",
  options: {
    features: { type: "positional", description: "Features [rows, columns] as .npy", required: true },
    clusters: { type: "number", description: "Number of clusters", required: true },
    out: { type: "string", description: "Clusters to write, .npy [rows]", required: true },
    method: {
      type: "string",
      description: "heads: trained for the largest rate reduction; elastic-net: rows coded by each other",
      default: "heads",
    },
    gamma: {
      type: "number",
      description: "elastic-net: how much weaker the penalty is than the weakest",
      default: 400,
    },
    tau: { type: "number", description: "elastic-net: share of absolute values in the penalty", default: 1 },
    dim: {
      type: "number",
      description: "Dimension of the subspaces together; by default twice the clusters",
    },
    epsilon2: { type: "number", description: "Squared precision of the code", default: 0.2 },
    steps: { type: "number", description: "Updates of each training", default: 500 },
    restarts: { type: "number", description: "Trainings at most; the best rate reduction wins", default: 3 },
    seed: { type: "number", description: "Seed", default: 0 },
    labels: { type: "string", description: "True classes, .npy [rows], to compare with" },
    images: {
      type: "string",
      description: "Pictures, .npy [rows, height, width, channels], for the picture",
    },
    picture: { type: "string", description: "SVG of pictures of each cluster" },
  },
  async run(context) {
    const { options, init, print, json } = context;
    if ((options.images === undefined) !== (options.picture === undefined)) {
      throw new ArgumentError("lab ssl cluster: images or picture is undefined; both or none were expected", {
        argument: "images",
        value: options.images,
      });
    }
    await init();
    const x = await readMatrix("features", String(options.features));
    const numClusters = Number(options.clusters);
    const { labels, report, line } =
      checkChoice("lab ssl cluster", "method", options.method, ["heads", "elastic-net"] as const) === "heads"
        ? await byHeads(x, numClusters, context)
        : await byElasticNet(x, numClusters, context);
    x.dispose();
    await writeNpy(String(options.out), { shape: [labels.length], data: labels });
    if (options.picture !== undefined) {
      await atomicWrite(
        String(options.picture),
        await contactSheet(String(options.images), labels, numClusters),
      );
    }
    const sizes = Array.from({ length: numClusters }, (_, c) => labels.filter((label) => label === c).length);
    const scores: Record<string, number> = {};
    if (options.labels !== undefined) {
      const truth = await readLabels("labels", String(options.labels), labels.length);
      scores.accuracy = await clusterAccuracy(labels, truth);
      scores.nmi = await nmi(labels, truth);
      scores.ari = await ari(labels, truth);
    }
    if (json) {
      print(JSON.stringify({ out: options.out, ...report, sizes, ...scores }));
      return 0;
    }
    print(`${line}; sizes ${sizes.join(", ")}`);
    for (const [name, value] of Object.entries(scores)) print(`${name} ${value.toFixed(3)}`);
    print(`clusters: ${options.out}`);
    return 0;
  },
};
