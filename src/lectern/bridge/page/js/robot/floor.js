// The ground: a fine grid that fades into the background, and a soft shade below the bench.

import { CanvasTexture, Group, Mesh, MeshBasicMaterial, PlaneGeometry } from "../../vendor/robot/three-urdf.min.js";

const RADIUS_M = 3.2;
const CELL_M = 0.25;
const PIXELS = 1024;
const SHADED_M2 = 0.5;
// The shade is this much wider than what throws it.
const PENUMBRA = 1.5;

export class Floor {
  constructor(height, colours) {
    this.group = new Group();
    this.group.position.z = height;
    this.grid = flat(2 * RADIUS_M);
    this.shade = flat(1);
    this.shade.material.map = new CanvasTexture(drawShade());
    this.shade.position.z = 0.001;
    this.shaded = this.shade.visible = false;
    this.group.add(this.grid, this.shade);
    this.dress(colours);
  }

  dress(colours) {
    this.shade.material.opacity = colours.shadow;
    this.grid.material.map?.dispose();
    this.grid.material.map = new CanvasTexture(drawGrid(colours));
    this.grid.material.opacity = colours.gridOpacity;
  }

  /** Put the shade below the largest box that stands still; none, no shade. */
  shadeBelow(objects) {
    const fixed = objects.filter(({ shape, mass_kg: mass }) => shape.type === "box" && !mass);
    const [bench] = fixed.sort((a, b) => area(b) - area(a));
    this.shaded = bench !== undefined && area(bench) > SHADED_M2;
    this.showShade(true);
    if (!this.shaded) return;
    const [x, y] = bench.pose.position_m;
    this.shade.position.set(x, y, this.shade.position.z);
    this.shade.scale.set(bench.shape.size_m[0] * PENUMBRA, bench.shape.size_m[1] * PENUMBRA, 1);
  }

  /** Show the shade, if there is one, or hide it. */
  showShade(shown) {
    this.shade.visible = shown && this.shaded;
  }
}

const area = ({ shape }) => shape.size_m[0] * shape.size_m[1];

function flat(size) {
  return new Mesh(new PlaneGeometry(size, size), new MeshBasicMaterial({ transparent: true, depthWrite: false, toneMapped: false }));
}

// A square with wide soft borders.
function drawShade() {
  const canvas = document.createElement("canvas");
  const side = (canvas.width = canvas.height = 256);
  const context = canvas.getContext("2d");
  context.filter = `blur(${side / 14}px)`;
  const margin = (side * (1 - 1 / PENUMBRA)) / 2;
  context.fillRect(margin, margin, side - 2 * margin, side - 2 * margin);
  return canvas;
}

function drawGrid(colours) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PIXELS;
  const context = canvas.getContext("2d");
  const step = (PIXELS * CELL_M) / (2 * RADIUS_M);
  context.strokeStyle = colours.grid;
  for (let offset = 0; offset <= PIXELS / 2; offset += step) {
    const metre = Math.round(offset / step) % 4 === 0;
    context.lineWidth = metre ? 1.8 : 0.7;
    for (const at of [PIXELS / 2 + offset, PIXELS / 2 - offset]) line(context, at);
  }
  fade(context);
  return canvas;
}

function line(context, at) {
  context.beginPath();
  context.moveTo(at, 0);
  context.lineTo(at, PIXELS);
  context.moveTo(0, at);
  context.lineTo(PIXELS, at);
  context.stroke();
}

function fade(context) {
  const half = PIXELS / 2;
  const gradient = context.createRadialGradient(half, half, 0, half, half, half);
  gradient.addColorStop(0.2, "#000f");
  gradient.addColorStop(1, "#0000");
  context.globalCompositeOperation = "destination-in";
  context.fillStyle = gradient;
  context.fillRect(0, 0, PIXELS, PIXELS);
}
