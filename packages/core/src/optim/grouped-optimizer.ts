import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";

/** Parameters that are updated differently from the rest. */
export interface ParameterGroup {
  /** Which: variables, or a rule over a variable and its name. The first group that takes a variable keeps it. */
  parameters: Iterable<tf.Tensor> | ((name: string, variable: tf.Variable) => boolean);
  /** Factor on the learning rate, which schedules then move with the rest. @defaultValue 1 */
  learningRateScale?: number;
  /** Weight decay of the group. @defaultValue the optimizer's */
  weightDecay?: number;
}

/** Options that every optimizer of this module has. */
export interface GroupedOptions {
  /** Learning rate; schedules set the optimizer's property of the same name. */
  learningRate: number;
  /** Weight decay. @defaultValue see the optimizer */
  weightDecay?: number;
  /** Parameters that are treated differently. @defaultValue none */
  groups?: readonly ParameterGroup[];
}

/** What holds for one variable in one update. */
export interface ParameterSettings {
  /** The variable's learning rate. */
  learningRate: number;
  /** The variable's weight decay. */
  weightDecay: number;
}

/** A tensor and its name, as the engine's optimizers pass them. */
export interface NamedTensor {
  /** The name. */
  name: string;
  /** The tensor. */
  tensor: tf.Tensor;
}

/** State that an optimizer keeps for one variable, by name. */
export type Slots = Record<string, tf.Tensor>;

/** Outcome of one update of one variable. */
export interface VariableUpdate {
  /** New value of the variable. */
  value: tf.Tensor;
  /** New slots. */
  slots: Slots;
}

/**
 * An optimizer of the engine with parameter groups and a state that can be saved.
 *
 * `getWeights` gives the count of updates and then every slot as `<variable>/<slot>`; `setWeights` takes them back.
 */
export abstract class GroupedOptimizer extends tf.Optimizer {
  /** Learning rate of the next update; may be set at any time. */
  learningRate: number;
  /** Weight decay of variables that no group claims. */
  readonly weightDecay: number;
  /** The groups, in order of precedence. */
  readonly groups: readonly ParameterGroup[];
  private readonly slots = new Map<string, Slots>();
  private readonly members: readonly (ReadonlySet<tf.Tensor> | undefined)[];

  /** Checks and keeps the options; `caller` names the factory in messages. */
  protected constructor(caller: string, options: GroupedOptions, defaultWeightDecay: number) {
    super();
    this.learningRate = checkNumber(caller, "learningRate", options.learningRate, { min: 0 });
    this.weightDecay = checkNumber(caller, "weightDecay", options.weightDecay ?? defaultWeightDecay, {
      min: 0,
    });
    this.groups = options.groups ?? [];
    this.members = this.groups.map(({ parameters, learningRateScale = 1, weightDecay = 0 }, index) => {
      checkNumber(caller, `groups[${index}].learningRateScale`, learningRateScale, { min: 0 });
      checkNumber(caller, `groups[${index}].weightDecay`, weightDecay, { min: 0 });
      return typeof parameters === "function" ? undefined : new Set(parameters);
    });
  }

  /**
   * New value of a variable and of its slots; runs in a tidy.
   *
   * @param value - The variable.
   * @param gradient - Its gradient.
   * @param settings - Learning rate and weight decay of its group.
   * @param slots - Its slots; empty in the first update.
   * @param iteration - Number of this update, from 1.
   */
  protected abstract update(
    value: tf.Variable,
    gradient: tf.Tensor,
    settings: ParameterSettings,
    slots: Readonly<Slots>,
    iteration: number,
  ): VariableUpdate;

  /** Applies gradients by variable name; absent ones (`null`) leave their variable alone. */
  override applyGradients(gradients: tf.NamedTensorMap | NamedTensor[]): void {
    const named: [string, tf.Tensor][] = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor])
      : Object.entries(gradients);
    this.incrementIterations();
    for (const [name, gradient] of named) {
      if (gradient == null) continue;
      const variable = tf.engine().registeredVariables[name];
      if (!variable) {
        throw new ArgumentError(
          `${this.getClassName()}: gradients holds "${name}"; names of live variables were expected`,
          { argument: "gradients", value: name },
        );
      }
      tf.tidy(() => {
        const old = this.slots.get(name) ?? {};
        const next = this.update(variable, gradient, this.settingsOf(name, variable), old, this.iterations_);
        for (const slot of Object.values(next.slots)) tf.keep(slot);
        this.slots.set(name, next.slots);
        variable.assign(next.value);
        for (const slot of Object.values(old)) slot.dispose();
      });
    }
  }

  /** The count of updates, then every slot as `<variable>/<slot>`; only the first belongs to the caller. */
  override async getWeights(): Promise<NamedTensor[]> {
    const weights = [await this.saveIterations()];
    for (const [name, slots] of this.slots) {
      for (const [slot, tensor] of Object.entries(slots)) weights.push({ name: `${name}/${slot}`, tensor });
    }
    return weights;
  }

  /** Takes back what `getWeights` gave; the tensors are copied. */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const slots = await this.extractIterations(weights);
    this.forget();
    for (const { name, tensor } of slots) {
      const cut = name.lastIndexOf("/");
      const variable = name.slice(0, cut);
      const entry = this.slots.get(variable) ?? {};
      entry[name.slice(cut + 1)] = tf.keep(tf.clone(tensor));
      this.slots.set(variable, entry);
    }
  }

  /** Frees the slots. */
  override dispose(): void {
    this.forget();
  }

  private forget(): void {
    for (const slots of this.slots.values()) for (const slot of Object.values(slots)) slot.dispose();
    this.slots.clear();
  }

  private settingsOf(name: string, variable: tf.Variable): ParameterSettings {
    const index = this.groups.findIndex(({ parameters }, i) =>
      typeof parameters === "function" ? parameters(name, variable) : this.members[i]!.has(variable),
    );
    const { learningRateScale = 1, weightDecay = this.weightDecay } = this.groups[index] ?? {};
    return { learningRate: this.learningRate * learningRateScale, weightDecay };
  }
}
