// Bundle three.js and urdf-loader into one module for the page: `npm ci && npm run build`.

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "../../src/lectern/bridge/page/vendor/robot");

const version = async (name) =>
  JSON.parse(await readFile(join(here, "node_modules", name, "package.json"), "utf8")).version;

const absent = {
  name: "absent",
  setup(bundle) {
    bundle.onResolve({ filter: /\/(STL|Collada)Loader\.js$/ }, () => ({ path: join(here, "absent.js") }));
  },
};

await mkdir(folder, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: ["entry.js"],
  outfile: join(folder, "three-urdf.min.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  banner: { js: `/* three ${await version("three")} (MIT), urdf-loader ${await version("urdf-loader")} (Apache-2.0), see README.md */` },
  plugins: [absent],
});
await copyFile(join(here, "node_modules/three/LICENSE"), join(folder, "LICENSE-three"));
// urdf-loader's package has its notice in its README and no copy of the Apache licence.
const readme = await readFile(join(here, "node_modules/urdf-loader/README.md"), "utf8");
const notice = readme.slice(readme.indexOf("Copyright ©")).trim();
const apache = await readFile(join(here, "../../LICENSE"), "utf8");
await writeFile(join(folder, "LICENSE-urdf-loader"), `${notice}\n\n${apache}`);
