import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach } from "vitest";
import { init } from "../core/src/index.ts";

// LAB_BACKEND=cpu npm test runs the same tests on another backend.
await init({ backend: process.env.LAB_BACKEND ?? "wasm" });

beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());
