import { Generator } from "@lab/core/random";
import { type Certificate, ConvexHull } from "@lab/hull";
import { byId, show, svg } from "./svg.js";

/** Pixels on a side of the picture; points have coordinates in [0, 1]. */
const SIDE = 320;
const STEP = 0.02;

const at = (value: number) => SIDE * value;
const upwards = (value: number) => SIDE * (1 - value);

function drawInside(
  certificate: Extract<Certificate, { kind: "inside" }>,
  points: number[][],
  query: number[],
) {
  return [...certificate.index].map((row, i) =>
    svg("line", {
      x1: at(query[0]!),
      y1: upwards(query[1]!),
      x2: at(points[row]![0]!),
      y2: upwards(points[row]![1]!),
      class: "weight",
      "stroke-width": 1 + 5 * certificate.weight[i]!,
    }),
  );
}

/** The separating line: all points on or below it, the query above. */
function drawOutside({ normal, offset }: Extract<Certificate, { kind: "outside" }>) {
  const [a, b] = normal as unknown as [number, number];
  const length = Math.hypot(a, b);
  const foot = [(a * offset) / length ** 2, (b * offset) / length ** 2] as const;
  const along = [-b / length, a / length] as const;
  return [
    svg("line", {
      x1: at(foot[0] - 3 * along[0]),
      y1: upwards(foot[1] - 3 * along[1]),
      x2: at(foot[0] + 3 * along[0]),
      y2: upwards(foot[1] + 3 * along[1]),
      class: "separator",
    }),
  ];
}

function describe(certificate: Certificate): string {
  if (certificate.kind === "inside") {
    const terms = [...certificate.index].map(
      (row, i) => `${certificate.weight[i]!.toFixed(3)} · point ${row + 1}`,
    );
    return `Inside, ${certificate.proof}: the query is ${terms.join(" + ")}.`;
  }
  if (certificate.kind === "outside") {
    const [a, b] = certificate.normal as unknown as [number, number];
    const length = Math.hypot(a, b);
    return (
      `Outside, ${certificate.proof}: every point has ${(a / length).toFixed(3)} x + ${(b / length).toFixed(3)} y ` +
      `≤ ${(certificate.offset / length).toFixed(3)}, the query is ${certificate.margin.toFixed(3)} beyond.`
    );
  }
  return `Undecided: the distance lies between ${certificate.lower} and ${certificate.upper}.`;
}

/** Points that one draws, a query that one moves, and the certificate of the verdict. */
export function startHullPanel(): void {
  const picture = byId<SVGSVGElement>("hull-picture");
  let points: number[][] = [];
  let query = [0.5, 0.5];
  let round = 0;
  let latest = 0;

  const draw = async () => {
    const turn = ++latest;
    const hull = await ConvexHull.from({ data: Float64Array.from(points.flat()), shape: [points.length, 2] });
    const membership = await hull.contains({ data: Float64Array.from(query), shape: [1, 2] });
    if (turn !== latest) return; // a newer position is on its way
    const certificate = membership.certificate(0);
    const { kind } = certificate;
    picture.replaceChildren(
      ...(kind === "inside" ? drawInside(certificate, points, query) : []),
      ...(kind === "outside" ? drawOutside(certificate) : []),
      ...points.flatMap(([x, y], i) => [
        svg("circle", { cx: at(x!), cy: upwards(y!), r: 5, class: "point" }),
        svg("text", { x: at(x!) + 8, y: upwards(y!) + 4 }, String(i + 1)),
      ]),
      svg("rect", {
        x: at(query[0]!) - 6,
        y: upwards(query[1]!) - 6,
        width: 12,
        height: 12,
        class: `query ${kind}`,
      }),
    );
    show("hull-result", describe(certificate), {
      kind,
      points,
      query,
      ...(kind === "outside" ? { margin: certificate.margin } : {}),
    });
  };

  const renew = () => {
    const generator = new Generator(7).split(round++);
    points = Array.from({ length: 8 }, (_, i) =>
      [...generator.split(i).float64(2)].map((u) => 0.1 + 0.8 * u),
    );
    void draw();
  };
  const move = (x: number, y: number) => {
    query = [x, y].map((value) => Math.min(1, Math.max(0, value)));
    void draw();
  };
  const positionOf = (event: PointerEvent) => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    return [(event.clientX - left) / width, 1 - (event.clientY - top) / height] as const;
  };

  picture.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[
      event.key
    ];
    if (!by) return;
    event.preventDefault();
    move(query[0]! + by[0]!, query[1]! + by[1]!);
  });
  let isDragging = false;
  picture.addEventListener("pointerdown", (event) => {
    isDragging = !byId<HTMLInputElement>("hull-add").checked;
    if (isDragging) move(...positionOf(event));
    else {
      points.push([...positionOf(event)]);
      void draw();
    }
  });
  picture.addEventListener("pointermove", (event) => isDragging && move(...positionOf(event)));
  addEventListener("pointerup", () => {
    isDragging = false;
  });
  byId("hull-renew").addEventListener("click", renew);
  renew();

  const dimension = byId<HTMLInputElement>("hull-dimension");
  const count = async () => {
    const d = dimension.valueAsNumber;
    const cloud = (name: string, rows: number) => ({
      data: new Generator(11)
        .split(name)
        .split(d)
        .normal64(rows * d),
      shape: [rows, d] as [number, number],
    });
    const hull = await ConvexHull.from(cloud("training", 500));
    const { rate } = await hull.contains(cloud("test", 200));
    show(
      "hull-rate",
      `In ${d} dimension${d === 1 ? "" : "s"} ${rate.inside} of 200 new Gaussian samples lie in the hull of 500.`,
      { d, inside: rate.inside },
    );
  };
  dimension.addEventListener("change", () => void count());
  void count();
}
