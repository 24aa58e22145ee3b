// A robot in the 3D view, read from its URDF.

import { Color, Mesh, MeshBasicMaterial, MeshStandardMaterial, URDFLoader, Vector3 } from "../../vendor/robot/three-urdf.min.js";

import { axes } from "./axes.js";
import { ball, box, cylinder } from "./solids.js";

// Where the ghost and the arm are in the same place, the arm is seen.
const BEHIND = { polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 4 };

/**
 * Read a robot.
 * @param {string} address of the URDF
 * @returns {Promise<Arm>}
 */
export async function loadRobot(address) {
  const document = await readXml(address);
  const loader = new URDFLoader();
  loader.parseCollision = false;
  const root = loader.parse(document);
  soften(document, root);
  return new Arm(root);
}

export class Arm {
  #tool;

  constructor(root) {
    this.root = root;
    this.#tool = root.links?.tool_link ?? root;
    root.traverse((part) => {
      if (part.isMesh) part.castShadow = part.receiveShadow = true;
    });
  }

  /** Set joints by name, in rad or m; joints that mimic another follow. */
  pose(names, positions) {
    names.forEach((name, index) => this.root.setJointValue(name, positions[index]));
  }

  /** Value of a joint, in rad or m. */
  value(name) {
    return this.root.joints[name]?.angle;
  }

  /** Where the tool is in the world, in m. */
  toolPosition() {
    this.root.updateMatrixWorld(true);
    return this.#tool.getWorldPosition(new Vector3());
  }

  /** A link by name, to carry what the robot holds. */
  link(name) {
    return this.root.links[name];
  }

  /** Show or hide the axes of the tool frame (x red, y green, z blue) and of the base. */
  showFrames(shown) {
    this.frames ??= [this.#tool, this.root].map((link) => {
      const frame = axes();
      link.add(frame);
      return frame;
    });
    for (const frame of this.frames) frame.visible = shown;
  }

  /** A translucent copy, to show where the robot would be. */
  ghost(colour) {
    const copy = new Arm(this.root.clone());
    const veil = new MeshStandardMaterial({ color: new Color(colour), roughness: 0.7, transparent: true, opacity: 0.45, depthWrite: false, ...BEHIND });
    // Only the surface nearest to the eye is coloured: a first pass writes depth and nothing else.
    const depth = new MeshBasicMaterial({ colorWrite: false, ...BEHIND });
    const meshes = [];
    copy.root.traverse((part) => part.isMesh && meshes.push(part));
    for (const mesh of meshes) {
      mesh.castShadow = mesh.receiveShadow = false;
      mesh.material = veil;
      mesh.renderOrder = 3;
      const first = new Mesh(mesh.geometry, depth);
      first.renderOrder = 2;
      mesh.add(first);
    }
    copy.veil = veil;
    return copy;
  }
}

// Fetched as a document: the page's policy lets no script turn text into a document.
function readXml(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.overrideMimeType("application/xml");
    request.onload = () => (request.status === 200 && request.responseXML ? resolve(request.responseXML) : reject(new Error(`The robot's description at ${address} cannot be read.`)));
    request.onerror = () => reject(new Error("The bridge cannot be reached."));
    request.send();
  });
}

// The loader makes unit shapes and scales them; ours have softened edges and materials with gloss.
function soften(document, root) {
  const materials = new Map();
  for (const link of document.querySelectorAll("robot > link")) {
    const visuals = root.links[link.getAttribute("name")]?.children.filter((child) => child.isURDFVisual) ?? [];
    [...link.children].filter((child) => child.nodeName === "visual").forEach((visual, index) => {
      const mesh = visuals[index]?.children[0];
      const geometry = geometryOf(visual.querySelector("geometry > *"));
      if (!mesh?.isMesh || !geometry) return;
      mesh.geometry = geometry;
      mesh.scale.set(1, 1, 1);
      mesh.rotation.set(0, 0, 0);
      mesh.material = glossy(mesh.material.color, materials);
    });
  }
}

function geometryOf(shape) {
  const number = (name) => Number(shape.getAttribute(name));
  switch (shape?.nodeName) {
    case "box":
      return box(shape.getAttribute("size").trim().split(/\s+/).map(Number));
    case "cylinder":
      return cylinder(number("radius"), number("length"));
    case "sphere":
      return ball(number("radius"));
    default:
      return null;
  }
}

function glossy(colour, materials) {
  const key = colour.getHex();
  if (!materials.has(key)) {
    const bright = colour.r + colour.g + colour.b > 1.5;
    materials.set(key, new MeshStandardMaterial({ color: colour.clone(), roughness: bright ? 0.42 : 0.5, metalness: bright ? 0.02 : 0.12 }));
  }
  return materials.get(key);
}
