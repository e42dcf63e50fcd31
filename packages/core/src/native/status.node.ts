import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { megabytes } from "./install.node.js";
import {
  activeFolder,
  bindingPackage,
  findPackage,
  layoutOf,
  packageVersion,
  readRecord,
} from "./layout.node.js";

/** What a project has of TensorFlow, in lines for people, and whether the installer's own is switched on. */
export function tensorflowStatus(dir: string): { installed: boolean; lines: string[] } {
  const folder = findPackage(resolve(dir));
  if (folder === undefined)
    return {
      installed: false,
      lines: [`${bindingPackage} is not in this project; lab-core tensorflow install adds it`],
    };
  const layout = layoutOf(folder);
  const lines = [`${bindingPackage} ${packageVersion(folder)} in ${folder}`];
  const record = readRecord(activeFolder(layout) ?? "");
  if (record)
    lines.push(
      `TensorFlow ${record.tensorflow}${record.gpu ? " with CUDA libraries" : ""}, ${megabytes(record.bytes)} on disk`,
    );
  else if (existsSync(layout.active)) lines.push("the binding that came with the package (TensorFlow 2.9.1)");
  else lines.push("no binding; lab-core tensorflow install builds one");
  if (existsSync(layout.stage))
    lines.push("an unfinished installation; lab-core tensorflow install goes on with it");
  return { installed: record !== undefined, lines };
}
