// Stands in for mesh loaders that urdf-loader imports: Lectern's robots are made of primitive shapes.

export class STLLoader {}
export class ColladaLoader {}
