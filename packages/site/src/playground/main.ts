import { init } from "@lab/core";
import { startContrastivePanel } from "./contrastive-panel.js";
import { startDrivingPanel } from "./driving-panel.js";
import { startHullPanel } from "./hull-panel.js";
import { startMomentsPanel } from "./moments-panel.js";
import { show } from "./svg.js";

const panels = [startHullPanel, startMomentsPanel, startContrastivePanel, startDrivingPanel];

async function start(): Promise<void> {
  // A page that was opened as a file may not fetch the engine's wasm.
  const { backend } = await init({ backend: "wasm" }).catch(() => init({ backend: "cpu" }));
  show("backend", `Computing on ${backend}.`, backend);
  for (const startPanel of panels) startPanel();
}

start().catch((error: unknown) => show("backend", `Nothing runs here: ${String(error)}`, null));
