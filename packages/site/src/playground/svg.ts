const SVG = "http://www.w3.org/2000/svg";

/** An SVG element with attributes. */
export function svg(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** The element with an id; the page has it. */
export function byId<E extends Element>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element as unknown as E;
}

/** Shows a result: text for people, the numbers behind it as JSON for programs. */
export function show(id: string, text: string, value: unknown): void {
  const output = byId<HTMLOutputElement>(id);
  output.textContent = text;
  output.dataset.value = JSON.stringify(value);
}

/** Bars over two labelled axes; heights in the units of `most`. */
export function bars(
  target: SVGElement,
  values: readonly number[],
  { most, least, x: under, y: over }: { most: number; least: number; x: string; y: string },
): void {
  const [width, height, left, bottom, top] = [320, 180, 34, 38, 22];
  const plot = { width: width - left - 6, height: height - bottom - top };
  const y = (value: number) => top + plot.height * (1 - (Math.max(value, least) - least) / (most - least));
  const step = plot.width / values.length;
  target.replaceChildren(
    svg("text", { x: 4, y: 12 }, over),
    svg("text", { x: width - 6, y: height - 6, "text-anchor": "end" }, under),
    ...[most, (most + least) / 2, least].flatMap((tick) => [
      svg("line", { x1: left, x2: width - 6, y1: y(tick), y2: y(tick), class: "grid" }),
      svg("text", { x: left - 4, y: y(tick) + 4, "text-anchor": "end" }, String(tick)),
    ]),
    ...values.map((value, i) =>
      svg("rect", {
        x: left + i * step + step * 0.15,
        width: step * 0.7,
        y: y(value),
        height: Math.max(0, y(least) - y(value)),
        class: "bar",
      }),
    ),
    ...values.map((_, i) =>
      svg(
        "text",
        { x: left + (i + 0.5) * step, y: height - bottom + 14, "text-anchor": "middle" },
        String(i + 1),
      ),
    ),
  );
}
