/** TensorFlow that `tensorflow install` puts under the binding. */
export const tensorflowVersion = "2.21.0";

/** Version of `@tensorflow/tfjs-node` whose binding is compiled. */
export const bindingVersion = "4.22.0";

/** A library that a wheel's metadata asks for, such as `nvidia-cudnn-cu12` with `<10.0,>=9.3.0.75`. */
export interface Requirement {
  /** Name of the distribution. */
  name: string;
  /** Version conditions, joined by commas; empty for any. */
  versions: string;
}

/** The distribution that holds TensorFlow itself. */
export function tensorflowRequirement(gpu: boolean): Requirement {
  return { name: gpu ? "tensorflow" : "tensorflow-cpu", versions: `==${tensorflowVersion}` };
}

/** The requirements that a wheel's `METADATA` lists under an extra. */
export function extraRequirements(metadata: string, extra: string): Requirement[] {
  const found: Requirement[] = [];
  for (const line of metadata.split(/\r?\n/)) {
    if (line === "") break; // the description follows
    const match =
      /^Requires-Dist:\s*([\w.-]+)\s*\(?([^;()]*)\)?\s*;\s*extra\s*==\s*["']([\w-]+)["']\s*$/.exec(line);
    if (match?.[3] === extra) found.push({ name: match[1]!, versions: match[2]!.replaceAll(" ", "") });
  }
  return found;
}

/** Compares dotted versions; pre-releases count as older than their release. */
export function compareVersions(first: string, second: string): number {
  const parts = (text: string) => text.split(/[.+-]|(?=(?:a|b|rc|dev)\d)/);
  const [a, b] = [parts(first), parts(second)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = rank(a[index]) - rank(b[index]);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function rank(part: string | undefined): number {
  if (part === undefined) return 0;
  const value = Number(part);
  return Number.isNaN(value) ? -1 : value;
}

/** Whether a version meets conditions such as `>=12.5.82,<13.0`. */
export function meets(version: string, conditions: string): boolean {
  return conditions
    .split(",")
    .filter(Boolean)
    .every((condition) => {
      const [, operator, bound] = /^\s*(==|!=|>=|<=|~=|>|<)\s*(\S+?)\s*$/.exec(condition) ?? [];
      if (operator === undefined || bound === undefined) return false;
      const order = compareVersions(version, bound);
      if (operator === "==") return order === 0;
      if (operator === "!=") return order !== 0;
      if (operator === ">=") return order >= 0;
      if (operator === "<=") return order <= 0;
      if (operator === ">") return order > 0;
      if (operator === "<") return order < 0;
      const series = bound.split(".").slice(0, -1);
      return order >= 0 && version.split(".").slice(0, series.length).join(".") === series.join(".");
    });
}

/** Distribution, version and tags of a wheel's file name. */
export function parseWheelName(
  file: string,
): { name: string; version: string; platform: string } | undefined {
  const match = /^([^-]+)-([^-]+)(?:-\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file);
  return match ? { name: normalName(match[1]!), version: match[2]!, platform: match[5]! } : undefined;
}

/** Names of distributions differ in case and in `-`, `_` and `.` only by spelling. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

/** The processor's name in wheel tags; `undefined` where TensorFlow publishes no wheel that fits the binding. */
export function wheelMachine(platform: string, arch: string): "x86_64" | "aarch64" | undefined {
  if (platform !== "linux") return undefined;
  return arch === "x64" ? "x86_64" : arch === "arm64" ? "aarch64" : undefined;
}

const libraries = new Set(["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"]);
const headers =
  /^tensorflow\/include\/(tensorflow\/c|tensorflow\/core\/platform|tsl|xla\/tsl|absl|third_party)\/|^tensorflow\/include\/LICENSE$/;
const cuda = /^nvidia\/[^/]+\/(lib\/[^/]+\.so[^/]*|bin\/[^/]+|nvvm\/libdevice\/.+)$/;
const notices = /^tensorflow\/THIRD_PARTY_NOTICES\.txt$|^nvidia[^/]*\.dist-info\/(licenses\/)?License\.txt$/i;

/** Whether the binding needs this file of a wheel; the rest, most of TensorFlow's Python side, stays packed. */
export function isNeeded(name: string): boolean {
  return libraries.has(name) || headers.test(name) || cuda.test(name) || notices.test(name);
}

/** Libraries without which a wheel is not TensorFlow's. */
export const requiredLibraries: readonly string[] = [...libraries];
