/** Style of the episode viewer. */
export const VIEWER_STYLE = `
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; display: flex; justify-content: center; }
main { width: min(1000px, 100%); padding: 16px; box-sizing: border-box; }
h1 { font-size: 1.2rem; }
canvas { width: 100%; display: block; border-radius: 6px; cursor: pointer; }
.bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 12px 0; }
.bar input { flex: 1 1 200px; }
button { min-width: 44px; min-height: 32px; }
output { font-variant-numeric: tabular-nums; }
.keys { font-size: .85rem; opacity: .8; }
`;

/** Program of the episode viewer: plain JavaScript for any current browser. */
export const VIEWER_SCRIPT = `
"use strict";
const episode = JSON.parse(document.getElementById("episode").textContent);
const { frames, road, size, dt, outcome, colours } = episode;
const byId = (id) => document.getElementById(id);
const canvas = byId("view"), play = byId("play"), time = byId("time"), speed = byId("speed");
const follow = byId("follow"), status = byId("status");
const METRES = 100, BESIDE = 2;
const right = road.ramp ? road.ramp.y0 : road.lanes * road.laneWidth;
const rgb = (name) => "rgb(" + colours[name].join(",") + ")";
let at = 0, playing = false, since = 0, clock = 0;

time.max = String(frames.length - 1);
const ids = [...new Set(frames.flatMap((frame) => frame.cars.map((car) => car[0])))].sort((a, b) => a - b);
for (const [value, label] of [["ego", "policy's car"], ...ids.map((id) => [String(id), "car " + id])]) {
  const option = document.createElement("option");
  option.value = value;
  option.textContent = label;
  follow.append(option);
}

function followed() {
  const frame = frames[at];
  const car = frame.cars.find(([id]) => String(id) === follow.value);
  return car ? { x: car[1], y: car[2], v: car[3] } : { x: frame.ego[0], y: frame.ego[1], v: frame.ego[4] };
}

function view() {
  const scale = canvas.width / METRES;
  return { scale, from: followed().x - 0.4 * METRES, top: -BESIDE };
}

function draw() {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round((canvas.width * (right + 2 * BESIDE)) / METRES);
  const { scale, from, top } = view();
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, -from * scale, -top * scale);
  const box = (colour, x, y, length, width, dx, dy, alpha) => {
    g.save();
    g.globalAlpha = alpha;
    g.fillStyle = rgb(colour);
    g.translate(x, y);
    g.rotate(Math.atan2(dy, dx));
    g.fillRect(-length / 2, -width / 2, length, width);
    g.restore();
  };
  const middle = from + METRES / 2;
  const edge = road.lanes * road.laneWidth;
  box("ground", middle, right / 2, METRES, right + 2 * BESIDE, 1, 0, 1);
  box("road", middle, edge / 2, METRES, edge, 1, 0, 1);
  if (road.ramp) {
    for (let x = Math.floor(from); x < Math.min(from + METRES, road.ramp.end); x++) {
      const low = Math.max(edge, road.ramp.y0 + road.ramp.slope * x);
      box("road", x + 0.5, (edge + low) / 2, 1.02, low - edge, 1, 0, 1);
    }
  }
  for (const y of [0, edge]) box("line", middle, y, METRES, 0.2, 1, 0, 1);
  for (let lane = 1; lane < road.lanes; lane++) {
    for (let x = Math.floor(from / 9) * 9; x < from + METRES; x += 9) box("line", x + 1.5, lane * road.laneWidth, 3, 0.2, 1, 0, 1);
  }
  const frame = frames[at];
  for (const [, x, y, , length, width] of frame.cars) box("car", x, y, length, width, 1, 0, 1);
  if (frame.recorded) box("ghost", frame.recorded[0], frame.recorded[1], size[0], size[1], 1, 0, 0.55);
  const [x, y, dx, dy] = frame.ego;
  box("ego", x, y, size[0], size[1], dx, dy, 1);
  const isLast = at === frames.length - 1;
  if (isLast && outcome !== "arrived" && outcome !== "timeout") {
    for (const turn of [1, -1]) box("mark", x, y, 5, 0.5, 1, turn, 1);
  }
  const { v } = followed();
  time.value = String(at);
  status.textContent = "t = " + (at * dt).toFixed(1) + " s, " + v.toFixed(1) + " m/s" + (isLast ? ", " + outcome : "");
  document.body.dataset.frame = String(at);
}

function go(frame) {
  at = Math.max(0, Math.min(frames.length - 1, frame));
  draw();
}

function setPlaying(value) {
  playing = value;
  play.textContent = value ? "Pause" : "Play";
  play.setAttribute("aria-pressed", String(value));
  if (value) {
    if (at === frames.length - 1) go(0);
    since = performance.now();
    clock = at;
    requestAnimationFrame(tick);
  }
}

function tick(now) {
  if (!playing) return;
  clock += ((now - since) / 1000 / dt) * Number(speed.value);
  since = now;
  go(Math.floor(clock));
  if (at === frames.length - 1) setPlaying(false);
  else requestAnimationFrame(tick);
}

play.addEventListener("click", () => setPlaying(!playing));
byId("back").addEventListener("click", () => { setPlaying(false); go(at - 1); });
byId("next").addEventListener("click", () => { setPlaying(false); go(at + 1); });
time.addEventListener("input", () => { setPlaying(false); go(Number(time.value)); });
follow.addEventListener("change", draw);
window.addEventListener("resize", draw);
document.addEventListener("keydown", (event) => {
  if (["SELECT", "INPUT", "BUTTON"].includes(event.target.tagName)) return;
  if (event.key === " ") { event.preventDefault(); setPlaying(!playing); }
  if (event.key === "ArrowLeft") { setPlaying(false); go(at - 1); }
  if (event.key === "ArrowRight") { setPlaying(false); go(at + 1); }
});
canvas.addEventListener("click", (event) => {
  const box = canvas.getBoundingClientRect();
  const { scale, from, top } = view();
  const ratio = canvas.width / box.width;
  const x = ((event.clientX - box.left) * ratio) / scale + from;
  const y = ((event.clientY - box.top) * ratio) / scale + top;
  const hit = frames[at].cars.find((car) => Math.abs(car[1] - x) <= car[4] / 2 && Math.abs(car[2] - y) <= car[5] / 2);
  const ego = frames[at].ego;
  if (hit) follow.value = String(hit[0]);
  else if (Math.abs(ego[0] - x) <= size[0] / 2 && Math.abs(ego[1] - y) <= size[1]) follow.value = "ego";
  draw();
});
draw();
`;
