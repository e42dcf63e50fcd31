import { Unusable } from "./unusable.js";

/** What tells a graphics adapter from one that computes on the processor. */
export interface AdapterDescription {
  /** Maker. */
  vendor: string;
  /** Family. */
  architecture: string;
  /** Model. */
  device: string;
  /** Text for people. */
  description: string;
  /** Set for software adapters where the implementation knows them. */
  isFallbackAdapter?: boolean;
}

/** Whether an adapter is a program on the processor (SwiftShader, llvmpipe, WARP). */
export function isSoftware(info: AdapterDescription): boolean {
  const text = `${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(text);
}

/** An adapter's name for people. */
export function adapterName(info: AdapterDescription): string {
  return (
    info.description ||
    [info.vendor, info.architecture, info.device].filter(Boolean).join(" ") ||
    "unnamed adapter"
  );
}

/** The part of WebGPU that choosing an adapter takes. */
export interface GpuEntry<Adapter extends { readonly info: AdapterDescription }> {
  /** Asks for an adapter. */
  requestAdapter(options?: object): Promise<Adapter | null>;
}

/** Options of `requestAdapter` that led to the adapter, and what it is. */
export interface ChosenAdapter {
  /** Options that lead there again. */
  options: object;
  /** What it is. */
  info: AdapterDescription;
}

/**
 * Chooses a hardware adapter, or, only when `allowSoftware` says so, one in software.
 *
 * @throws `Error` with the reason when there is none of the kind.
 */
export async function chooseAdapter<Adapter extends { readonly info: AdapterDescription }>(
  gpu: GpuEntry<Adapter>,
  allowSoftware: boolean,
): Promise<ChosenAdapter> {
  const tries: object[] = [{ powerPreference: "high-performance" }, { forceFallbackAdapter: true }];
  let software: AdapterDescription | undefined;
  for (const options of tries) {
    const info = (await gpu.requestAdapter(options))?.info;
    if (info === undefined) continue;
    if (!isSoftware(info) || allowSoftware) return { options, info };
    software = info;
  }
  if (software === undefined)
    throw new Unusable(
      "WebGPU finds no adapter",
      "install the graphics card's driver for Vulkan, Metal or Direct3D 12 (on Debian also libvulkan1)",
    );
  throw new Unusable(
    `WebGPU finds only the software adapter ${adapterName(software)}, which must be asked for`,
    "set LAB_WEBGPU_SOFTWARE=1",
  );
}
