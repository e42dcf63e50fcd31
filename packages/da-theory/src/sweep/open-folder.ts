import { DataError } from "@lab/core";
import { imageFolder } from "@lab/core/data";

/** The two parts of a folder; both must have the same classes. */
export function openFolder(dir: string, sides: { stored: number; testSize: number }) {
  const train = imageFolder(`${dir}/train`, { size: sides.stored });
  const test = imageFolder(`${dir}/val`, { size: sides.testSize });
  if (train.classNames.join("\n") !== test.classNames.join("\n"))
    throw new DataError(
      `classSweep: ${dir}/val has ${test.classNames.length} classes and ${dir}/train has ${train.classNames.length}, or their names differ; the same subfolders were expected`,
      { path: dir },
    );
  return { train, test };
}
