import { DataError } from "@lab/core";
import { atomicWrite, loadParameters, nodeModule, saveParameters } from "@lab/core/io";
import { assign, type ParameterSet } from "@lab/core/nn";
import type { Generator, GeneratorState } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { checkSameLayout, layoutOf, type ParameterLayout } from "../layout/index.js";
import type { Sample } from "./sample-sghmc.js";
import type { SghmcSampler } from "./sghmc.js";

interface State {
  step: number;
  samples: { step: number; cycle: number }[];
  generator: GeneratorState;
  layout: ParameterLayout;
}

const files = () => nodeModule<typeof import("node:fs")>("node:fs", "sampleSghmc");

/** Samples of a run as files, with what the sampler needs to go on after the last of them. Node only. */
export class SampleStore {
  private readonly folder: string;
  private readonly live: ParameterSet;
  private state: State | undefined;

  constructor(folder: string, live: ParameterSet) {
    this.folder = folder;
    this.live = live;
  }

  private file(index: number): string {
    return `${this.folder}/sample-${String(index).padStart(4, "0")}.safetensors`;
  }

  private velocityFile(index: number): string {
    return `${this.folder}/velocity-${String(index).padStart(4, "0")}.safetensors`;
  }

  /** Puts parameters, velocities and generator back to where the last sample left them. */
  async resume(optimizer: SghmcSampler, generator: Generator): Promise<{ step: number; samples: number }> {
    const { existsSync, mkdirSync, readFileSync } = files();
    mkdirSync(this.folder, { recursive: true });
    const path = `${this.folder}/state.json`;
    if (!existsSync(path)) return { step: 0, samples: 0 };
    try {
      this.state = JSON.parse(readFileSync(path, "utf8")) as State;
    } catch (cause) {
      throw new DataError(
        `sampleSghmc: ${path} is not JSON; a state of this sampler was expected`,
        { path },
        { cause },
      );
    }
    checkSameLayout("sampleSghmc", "store", this.state.layout, layoutOf(this.live), true);
    const last = await loadParameters(this.file(this.state.samples.length - 1));
    const velocities = await loadParameters(this.velocityFile(this.state.samples.length - 1));
    assign(this.live, last);
    const iterations = tf.scalar(this.state.step, "int32");
    const named = [...this.live].map(([name, variable]) => ({
      name: `${(variable as tf.Variable).name}/velocity`,
      tensor: velocities.get(name)!,
    }));
    await optimizer.setWeights([{ name: "iter", tensor: iterations }, ...named]);
    iterations.dispose();
    for (const set of [last, velocities]) for (const tensor of set.values()) tensor.dispose();
    generator.restore(this.state.generator);
    return { step: this.state.step, samples: this.state.samples.length };
  }

  /** A stored sample. */
  async read(index: number): Promise<Sample> {
    const { step, cycle } = this.state!.samples[index]!;
    return { index, step, cycle, parameters: await loadParameters(this.file(index)) };
  }

  /** Keeps a sample; the state is replaced last, so that a kill leaves the previous one whole. */
  async write(sample: Sample, optimizer: SghmcSampler, generator: Generator): Promise<void> {
    await saveParameters(this.file(sample.index), sample.parameters);
    const weights = new Map((await optimizer.getWeights()).map(({ name, tensor }) => [name, tensor]));
    const velocities = new Map(
      [...this.live].map(([name, variable]) => [
        name,
        weights.get(`${(variable as tf.Variable).name}/velocity`)!,
      ]),
    );
    await saveParameters(this.velocityFile(sample.index), velocities);
    weights.get("iter")?.dispose();
    this.state = {
      step: sample.step,
      samples: [...(this.state?.samples ?? []), { step: sample.step, cycle: sample.cycle }],
      generator: generator.state(),
      layout: layoutOf(this.live),
    };
    await atomicWrite(`${this.folder}/state.json`, JSON.stringify(this.state));
    if (sample.index > 0) files().rmSync(this.velocityFile(sample.index - 1), { force: true });
  }
}
