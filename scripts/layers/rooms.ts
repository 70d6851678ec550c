/** The rooms of both languages, lowest first, and which rooms each may use. */

import type { Rooms } from "./graph.ts";

const SRC = {
  generated: [],
  base: ["generated"],
  backend: ["base", "generated"],
  "backend/deno": ["backend", "base", "generated"],
  "backend/node": ["backend", "base"],
  native: ["backend", "backend/deno", "backend/node", "generated"],
  frame: ["base", "generated", "native"],
  pipeline: ["base", "frame", "generated", "native"],
  sources: ["base", "generated", "native", "pipeline"],
  targets: ["base", "frame", "generated", "native", "pipeline"],
  nodes: ["base", "frame", "generated", "native", "pipeline"],
  "mod.ts": ["base", "frame", "generated", "native", "nodes", "pipeline", "sources", "targets"],
  cli: ["base", "generated", "mod.ts", "native", "targets"],
};

const CORE = {
  lib: [],
  base: [],
  sys: ["base"],
  storage: [],
  pixels: ["base"],
  av: ["base", "pixels", "storage", "sys"],
  frame: ["av", "base", "pixels"],
  codec: ["av", "base", "frame", "pixels"],
  pipeline: ["av", "base", "codec", "frame", "pixels", "sys"],
  source: ["av", "base", "frame", "pipeline", "pixels", "storage", "sys"],
  filter: ["av", "base", "frame", "pipeline", "sys"],
  tap: ["av", "base", "frame", "pipeline", "pixels", "sys"],
  record: ["av", "base", "codec", "frame", "pipeline", "pixels", "storage", "sys"],
  boundary: ["base", "codec", "filter", "pipeline", "pixels", "record", "source", "tap"],
};

/** The rooms of the TypeScript: the folders of `src/`, each backend apart, and `mod.ts`. */
export const TYPESCRIPT_ROOMS: Rooms = {
  roomOf: (file) => /^src\/(backend\/\w+(?=\/)|[^/]+)/.exec(file)?.[1] ?? file,
  allowed: SRC,
};

/** The rooms of the core: the folders of `rust/core/src/`. */
export const CORE_ROOMS: Rooms = {
  roomOf: (file) => /^rust\/core\/src\/([^/]+?)(?:\.rs)?(?:\/|$)/.exec(file)?.[1] ?? file,
  allowed: CORE,
};
