// One worker's part of a step: sets the ring it is sent, and answers the gradient of its examples, 4 bytes for each number.
import { device, init } from "@lab/core";
import { ringGradient } from "@lab/rpg";
import { loss, network } from "./problem.mjs";

let net;

export default async function gradient({ ring, from, to }) {
  try {
    device();
  } catch {
    await init({ backend: "wasm" });
  }
  net ??= network();
  net.generator.setRing(Float32Array.from(ring));
  const result = await ringGradient(net, () => loss(net, from, to));
  return { ring: Array.from(result.ring), loss: result.loss };
}
