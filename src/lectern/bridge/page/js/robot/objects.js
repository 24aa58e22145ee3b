// The things near the robot.

import { Color, Group, Mesh, MeshStandardMaterial, SRGBColorSpace } from "../../vendor/robot/three-urdf.min.js";

import { ball, box, cylinder } from "./solids.js";

export class Objects {
  group = new Group();

  /** Show exactly these objects of `GET /scene`. */
  set(objects) {
    for (const mesh of [...this.group.children]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
      this.group.remove(mesh);
    }
    for (const object of objects) {
      const geometry = geometryOf(object.shape);
      if (geometry) this.group.add(this.#mesh(object, geometry));
    }
  }

  /** Move one: x, y, z, qx, qy, qz, qw. */
  move(name, [x, y, z, qx, qy, qz, qw]) {
    const mesh = this.group.getObjectByName(name);
    mesh?.position.set(x, y, z);
    mesh?.quaternion.set(qx, qy, qz, qw);
  }

  #mesh({ name, pose, colour }, geometry) {
    const color = new Color().setRGB(...(colour ?? [0.6, 0.62, 0.65]), SRGBColorSpace);
    const mesh = new Mesh(geometry, new MeshStandardMaterial({ color, roughness: 0.72, metalness: 0 }));
    mesh.name = name;
    mesh.castShadow = mesh.receiveShadow = true;
    mesh.position.fromArray(pose.position_m);
    mesh.quaternion.fromArray(pose.quaternion_xyzw);
    return mesh;
  }
}

function geometryOf(shape) {
  if (shape.type === "box") return box(shape.size_m);
  if (shape.type === "cylinder") return cylinder(shape.radius_m, shape.length_m);
  if (shape.type === "sphere") return ball(shape.radius_m);
  return null;
}
