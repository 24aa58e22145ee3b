// Renderer, camera, light and ground; a picture is drawn only when something changed.

import {
  Color,
  DirectionalLight,
  Group,
  HemisphereLight,
  NeutralToneMapping,
  OrbitControls,
  PCFShadowMap,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from "../../vendor/robot/three-urdf.min.js";

import { steerByKeys } from "./camera-keys.js";
import { Floor } from "./floor.js";
import { framing } from "./framing.js";
import { Sharpness, drawsInSoftware } from "./sharpness.js";
import { onThemeChange, theme } from "./theme.js";

const REST_MS = 180;
const FLOOR_M = -0.75;
const DIRECTION = [1.61, -1.66, 0.73];
// What the arm can reach, as far as its demos and named poses take it, and the bench before it.
const REACH_M = [[0, 0, 1.53], [0.12, 0, 1.53], [1.12, 0, 0.4], [0.55, 0.55, 0.5], [0.55, -0.55, 0.5], [0.62, -0.45, 0], [-0.2, -0.2, 0], [-0.2, 0.2, 0.8]];
// Above are the buttons, below are the activity and Stop.
const [ABOVE_PX, BELOW_PX, BESIDE_PX] = [48, 14, 14];

export class Stage {
  #frame = 0;
  #before = new Set();
  #ratio = 0;
  #turning = false;
  #resting = 0;
  /** Whether the camera stands where the page put it, and not where the reader did. */
  framed = true;

  /** @throws {Error} the browser has no WebGL */
  constructor(canvas) {
    this.canvas = canvas;
    const software = drawsInSoftware();
    this.sharpness = new Sharpness(software);
    this.renderer = new WebGLRenderer({ canvas, antialias: !software, alpha: true, powerPreference: "low-power" });
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.toneMapping = NeutralToneMapping;
    this.scene = new Scene();
    this.world = new Group();
    this.floor = new Floor(FLOOR_M, theme());
    this.#light();
    this.scene.add(this.world, this.floor.group);
    this.#openCamera();
    this.#dress();
    onThemeChange(() => this.#dress());
    new ResizeObserver(() => this.#resize()).observe(canvas.parentElement);
    document.addEventListener("visibilitychange", () => this.invalidate());
    this.#resize();
  }

  /** Draw once, before the next refresh of the screen. */
  invalidate() {
    if (this.#frame || document.hidden || !this.canvas.clientWidth) return;
    this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  /** Whether a picture is yet to be drawn. */
  get busy() {
    return Boolean(this.#frame) || this.#turning || this.#before.size > 0;
  }

  /** Call `step(now)` before each picture until it returns false. */
  animate(step) {
    this.#before.add(step);
    this.invalidate();
  }

  /** Look from the front right at all that the arm can reach, as at the start. */
  resetCamera() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    this.camera.position.fromArray(DIRECTION);
    this.camera.lookAt(0, 0, 0);
    this.camera.updateMatrixWorld();
    const beside = (2 * BESIDE_PX) / width;
    const margins = { left: beside, right: beside, top: (2 * ABOVE_PX) / height, bottom: (2 * BELOW_PX) / height };
    const { position, target } = framing(this.camera, REACH_M.map((point) => new Vector3(...point)), margins);
    this.#look(position, target);
    this.framed = true;
  }

  /** Look from one place at another, in m; in a narrow view from further away. */
  lookFrom(from, to) {
    const far = Math.max(1, 1.25 / Math.max(this.camera.aspect, 0.4));
    const target = new Vector3(...to);
    this.#look(new Vector3(...from).sub(target).multiplyScalar(far).add(target), target);
    this.framed = false;
  }

  #look(position, target) {
    this.controls.target.copy(target);
    this.camera.position.copy(position);
    this.controls.update();
    this.invalidate();
  }

  #openCamera() {
    this.camera = new PerspectiveCamera(36, 1, 0.05, 30);
    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, this.canvas);
    Object.assign(this.controls, { minDistance: 0.35, maxDistance: 6, maxPolarAngle: 1.62, rotateSpeed: 0.8, enableDamping: false });
    this.controls.addEventListener("change", () => this.sharpness.adapts ? this.#turned() : this.invalidate());
    this.controls.addEventListener("start", () => (this.framed = false));
    steerByKeys(this);
  }

  #light() {
    this.hemisphere = new HemisphereLight();
    this.hemisphere.position.set(0, 0, 1);
    this.key = new DirectionalLight(0xfff8ee);
    this.key.position.set(1.5, -1.9, 3.1);
    this.key.target.position.set(0.3, 0, 0);
    this.key.castShadow = true;
    Object.assign(this.key.shadow, { radius: this.sharpness.adapts ? 2.5 : 5, bias: -0.0004, normalBias: 0.012 });
    this.key.shadow.mapSize.setScalar(this.sharpness.adapts ? 1024 : 2048);
    Object.assign(this.key.shadow.camera, { left: -1.5, right: 1.5, top: 1.5, bottom: -1.5, near: 0.5, far: 7 });
    // From behind and from the side, without shadows: they draw the edges, as in a photographer's studio.
    this.rim = lightFrom(-2, 1.8, 1.6, 0xcfe2ff);
    this.fill = lightFrom(2.2, 2, 0.7, 0xffffff);
    this.scene.add(this.hemisphere, this.key, this.key.target, this.rim, this.fill);
  }

  #dress() {
    const colours = theme();
    this.hemisphere.color = new Color(colours.sky);
    this.hemisphere.groundColor = new Color(colours.ground);
    this.hemisphere.intensity = colours.ambient;
    for (const name of ["key", "rim", "fill"]) this[name].intensity = colours[name];
    this.renderer.toneMappingExposure = colours.exposure;
    this.floor.dress(colours);
    this.invalidate();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    this.#ratio = 0;
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    if (this.framed) this.resetCamera();
    this.invalidate();
  }

  #draw(now) {
    this.#frame = 0;
    for (const step of [...this.#before]) if (!step(now)) this.#before.delete(step);
    const moving = this.#before.size > 0 || this.#turning;
    this.#sharpen(moving ? this.sharpness.moving(now) : this.sharpness.still);
    this.renderer.render(this.scene, this.camera);
    this.canvas.dataset.frames = String(Number(this.canvas.dataset.frames ?? 0) + 1);
    if (this.#before.size) this.invalidate();
    else if (!moving) this.sharpness.rest();
  }

  #sharpen(ratio) {
    if (ratio === this.#ratio) return;
    this.#ratio = ratio;
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
  }

  // While the camera turns, pictures may be coarse; a fine one follows when it rests.
  #turned() {
    this.#turning = true;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#turning = false;
      this.invalidate();
    }, REST_MS);
    this.invalidate();
  }
}

function lightFrom(x, y, z, colour) {
  const light = new DirectionalLight(colour);
  light.position.set(x, y, z);
  return light;
}
