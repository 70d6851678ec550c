/** Checks the layers of the architecture: the arrows between files and folders, and the places of dangerous words. */

import { filesUnder, type Finding, finish, ROOT } from "./finding.ts";
import { checkArrows, checkCircles, checkPlaces, roomArrows } from "./layers/graph.ts";
import { checkManifest } from "./layers/manifests.ts";
import { CORE_ROOMS, TYPESCRIPT_ROOMS } from "./layers/rooms.ts";
import { rustArrows, rustFiles } from "./layers/rust_arrows.ts";
import { libraryFiles, typescriptArrows } from "./layers/typescript.ts";
import { checkRustWords, checkTypescriptWords } from "./layers/words.ts";

const CORE = "rust/core/src";
/** Crates that are one room each. */
const OTHER_CRATES = ["rust/bindings/src", "rust/contract/src"];

/** Every arrow, circle and word that the architecture does not allow. */
export function checkLayers(root: string): Finding[] {
  return [
    ...libraryFiles(root).flatMap((file) => checkTypescriptWords(root, file)),
    ...checkPlaces(libraryFiles(root), TYPESCRIPT_ROOMS),
    ...checkArrows(typescriptArrows(root), TYPESCRIPT_ROOMS),
    ...checkCore(root),
    ...filesUnder(root, "rust", [".rs"]).flatMap((file) => checkRustWords(root, file)),
    ...OTHER_CRATES.flatMap((source) => checkCircles(rustArrows(root, source))),
    ...filesUnder(root, "rust", ["Cargo.toml"]).flatMap((file) => checkManifest(root, file)),
  ];
}

/** Every file of the core outside its rooms, every arrow that they do not allow, and every circle of files. */
export function checkCore(root: string): Finding[] {
  return [...checkPlaces(rustFiles(root, CORE), CORE_ROOMS), ...checkArrows(rustArrows(root, CORE), CORE_ROOMS)];
}

if (import.meta.main) {
  console.log(["src:", ...roomArrows(typescriptArrows(ROOT), TYPESCRIPT_ROOMS)].join("\n  "));
  console.log([`${CORE}:`, ...roomArrows(rustArrows(ROOT, CORE), CORE_ROOMS)].join("\n  "));
  finish("layers", checkLayers(ROOT));
}
