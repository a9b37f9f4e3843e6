// The plot: curves on a common axis of Raman shift, zoomed by pointer, buttons and keys.

const SVG = "http://www.w3.org/2000/svg";
const BOTTOM = 38, TOP = 10, SIDE = 12, LEAST_RANGE = 20;

function element(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

export function pointsOf(curve) {
  return curve.values.map((y, i) => [curve.start_cm1 + i * curve.step_cm1, y]);
}

function ticks(low, high, pixels) {
  const rough = (high - low) / Math.max(2, pixels / 90);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(Math.round(at * 100) / 100);
  return found;
}

export class Plot {
  constructor(svg, readout) {
    Object.assign(this, { svg, readout, curves: [], marks: [], mode: "over", height: 1, range: null });
    new ResizeObserver(() => this.draw()).observe(svg);
    svg.addEventListener("pointerdown", (event) => this.begin(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", (event) => this.end(event));
    svg.addEventListener("pointercancel", () => { this.from = null; this.draw(); });
    svg.addEventListener("dblclick", () => this.zoom("all"));
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  // curves: [{label, kind: raw | query | reference, points: [[cm1, y or null], …], ghost}]
  show(curves, marks, keepRange) {
    Object.assign(this, { curves, marks });
    const query = curves.filter((c) => c.kind === "query");
    const all = (query.length ? query : curves).flatMap((c) => c.points.filter((p) => p[1] !== null).map((p) => p[0]));
    this.whole = all.length ? [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))] : [100, 1600];
    if (!keepRange || !this.range) this.range = [...this.whole];
    const names = curves.map((c) => c.label).join("; ");
    this.svg.setAttribute("aria-label", `Spectra: ${names}`);
    this.draw();
  }

  zoom(how, at) {
    const [low, high] = this.range, middle = at ?? (low + high) / 2;
    const factor = { in: 0.6, out: 1 / 0.6 }[how];
    this.set(factor ? [middle - (middle - low) * factor, middle + (high - middle) * factor] : this.whole);
  }

  set([low, high]) {
    if (high - low < LEAST_RANGE) [low, high] = [(low + high - LEAST_RANGE) / 2, (low + high + LEAST_RANGE) / 2];
    this.range = [Math.max(low, this.whole[0]), Math.min(high, this.whole[1])];
    if (this.range[1] - this.range[0] < 1) this.range = [...this.whole];
    this.draw();
  }

  key(event) {
    const step = (this.range[1] - this.range[0]) / 4;
    const moved = { ArrowLeft: -step, ArrowRight: step }[event.key];
    const zoomed = { "+": "in", "=": "in", "-": "out", "0": "all" }[event.key];
    if (moved !== undefined) {
      const by = Math.max(this.whole[0] - this.range[0], Math.min(moved, this.whole[1] - this.range[1]));
      this.set(this.range.map((x) => x + by));
    } else if (zoomed) this.zoom(zoomed);
    else return;
    event.preventDefault();
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    const share = (event.clientX - box.left - SIDE) / (box.width - 2 * SIDE);
    return this.range[0] + Math.max(0, Math.min(1, share)) * (this.range[1] - this.range[0]);
  }

  begin(event) {
    if (event.button) return;
    this.from = this.at(event);
    if (event.pointerType !== "touch") this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.range) return;
    const here = this.at(event);
    this.readout.textContent = `${here.toFixed(1)} cm⁻¹`;
    this.cursor?.setAttribute("x1", this.x(here));
    this.cursor?.setAttribute("x2", this.x(here));
    if (this.from == null) return;
    const [a, b] = [this.x(this.from), this.x(here)].sort((p, q) => p - q);
    this.select.setAttribute("x", a);
    this.select.setAttribute("width", b - a);
  }

  end(event) {
    if (this.from == null) return;
    const ends = [this.from, this.at(event)].sort((p, q) => p - q);
    this.from = null;
    if (Math.abs(this.x(ends[1]) - this.x(ends[0])) > 8) this.set(ends);
  }

  x(cm1) {
    return SIDE + ((cm1 - this.range[0]) / (this.range[1] - this.range[0])) * (this.width - 2 * SIDE);
  }

  draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !this.range) return;
    this.width = width;
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const floor = height - BOTTOM, rows = this.rows(floor);
    element("line", { x1: SIDE, x2: width - SIDE, y1: floor, y2: floor, class: "axis" }, this.svg);
    for (const at of ticks(...this.range, width)) {
      element("line", { x1: this.x(at), x2: this.x(at), y1: floor, y2: floor + 5, class: "axis" }, this.svg);
      element("text", { x: this.x(at), y: floor + 18, "text-anchor": "middle" }, this.svg, at);
    }
    element("text", { x: width / 2, y: height - 4, "text-anchor": "middle" }, this.svg, "Raman shift (cm⁻¹)");
    for (const row of rows) for (const [curve, kind] of row.curves) this.line(curve, kind, row);
    for (const row of rows) this.label(row);
    this.drawMarks(rows);
    this.cursor = element("line", { x1: -9, x2: -9, y1: TOP, y2: floor, class: "cursor" }, this.svg);
    this.select = element("rect", { x: 0, y: TOP, width: 0, height: floor - TOP, class: "select" }, this.svg);
  }

  // Each row has a base line, a height (negative: downwards), and its curves.
  rows(floor) {
    const raw = this.curves.filter((c) => c.kind === "raw");
    const query = this.curves.find((c) => c.kind === "query");
    const references = this.curves.filter((c) => c.kind === "reference");
    const mirrored = this.mode === "mirror" && query && references.length;
    const list = [...raw.map((c) => [[c, "raw"]])];
    if (query) list.push([[query, "query"]]);
    if (mirrored) list.push([[references[0], "reference"]]);
    else for (const one of references) list.push(query ? [[query, "ghost"], [one, "reference"]] : [[one, "reference"]]);
    const each = (floor - TOP) / Math.max(1, list.length);
    const rows = list.map((curves, i) => ({ curves, base: TOP + each * (i + 1) - 2, size: each * 0.76, top: TOP + each * i }));
    if (mirrored) Object.assign(rows.at(-1), { base: rows.at(-2).base, size: -each * 0.84, top: rows.at(-2).base + each - 22 });
    return rows;
  }

  line(curve, kind, row) {
    const [low, high] = this.range, seen = curve.points.filter((p) => p[0] >= low - 2 && p[0] <= high + 2);
    const scale = this.scaleOf(curve, seen);
    let run = [];
    const flush = () => { if (run.length > 1) element("polyline", { points: run.join(" "), class: kind }, this.svg); run = []; };
    for (const [cm1, y] of seen) {
      if (y === null) flush();
      else run.push(`${this.x(cm1).toFixed(1)},${(row.base - scale(y) * row.size).toFixed(1)}`);
    }
    flush();
  }

  scaleOf(curve, seen) {
    if (curve.kind !== "raw") return (y) => Math.min(1, y * this.height);
    const values = seen.map((p) => p[1]);
    const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    return (y) => (y - low) / (high - low || 1);
  }

  label(row) {
    const curve = row.curves.at(-1)[0];
    element("text", { x: this.width - SIDE, y: row.top + 14, "text-anchor": "end", class: "label" }, this.svg, curve.label);
  }

  drawMarks(rows) {
    const first = (kind) => rows.find((row) => row.curves.at(-1)[1] === kind);
    for (const mark of this.marks) {
      const missing = mark.state === "missing", row = first(missing ? "reference" : "query");
      const at = missing ? mark.reference_cm1 : mark.query_cm1, high = missing ? mark.reference_height : mark.query_height;
      if (!row || at < this.range[0] || at > this.range[1]) continue;
      const y = row.base - Math.min(1, high * this.height) * row.size, off = Math.sign(row.size) * -3;
      const line = element("line", { x1: this.x(at), x2: this.x(at), y1: y + off, y2: y + 3 * off, class: `mark ${mark.state}` }, this.svg);
      element("title", {}, line, `${mark.state} ${at} cm⁻¹`);
    }
  }
}
