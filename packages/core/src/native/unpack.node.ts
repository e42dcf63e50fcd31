import { failInstall } from "./fail.js";
import { extraRequirements, isNeeded, type Requirement, requiredLibraries } from "./wheel.js";
import { ZipArchive } from "./zip.node.js";

/** Unpacks what the binding needs of a wheel into `folder`; returns the bytes written. */
export async function unpackWheel(path: string, folder: string, signal?: AbortSignal): Promise<number> {
  const archive = await ZipArchive.open(path);
  try {
    let bytes = 0;
    for (const entry of archive.entries) {
      if (!isNeeded(entry.name)) continue;
      await archive.extract(entry, folder, signal);
      bytes += entry.size;
    }
    return bytes;
  } finally {
    await archive.close();
  }
}

/** What a look into TensorFlow's wheel tells, before anything is unpacked. */
export interface WheelContent {
  /** Bytes that unpacking it takes. */
  bytes: number;
  /** CUDA libraries that its metadata asks for. */
  cuda: Requirement[];
}

/** Looks into a wheel and refuses one that is not TensorFlow's. */
export async function inspectWheel(path: string): Promise<WheelContent> {
  const archive = await ZipArchive.open(path);
  try {
    const names = new Set(archive.entries.map((entry) => entry.name));
    const missing = requiredLibraries.find((name) => !names.has(name));
    if (missing)
      failInstall(
        `${path} does not hold ${missing}`,
        "a Linux wheel of tensorflow or tensorflow-cpu 2.2x was expected",
      );
    const metadata = archive.entries.find((entry) => /^[^/]+\.dist-info\/METADATA$/.test(entry.name));
    const text = metadata ? (await archive.read(metadata)).toString("utf8") : "";
    return {
      bytes: archive.entries.filter(({ name }) => isNeeded(name)).reduce((sum, { size }) => sum + size, 0),
      cuda: extraRequirements(text, "and-cuda"),
    };
  } finally {
    await archive.close();
  }
}
