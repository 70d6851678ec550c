/** The build matrix: which native packages there are. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One of the two ways in which FFmpeg is built. */
export interface Variant {
  readonly variant: string;
  /** What the package's name ends in. */
  readonly suffix: string;
  /** A phrase that tells what encodes what. */
  readonly encoders: string;
  /** What the licence means for those who use it. */
  readonly terms: string;
}

/** An operating system and a processor, as npm names them. */
export interface Platform {
  readonly platform: string;
  readonly os: string;
  readonly cpu: string;
  /** npm's name of the C library, where there are several. */
  readonly libc?: string;
  /** Rust's name of the same. */
  readonly target: string;
  /** What GCC's names of the same begin with, where GCC builds for it. */
  readonly triple?: string;
  /** The file name of the native library. */
  readonly library: string;
  /** Whether there are packages for it. */
  readonly built: boolean;
}

/** What `npm/platforms.json` holds. */
export interface Matrix {
  /** The default one first. */
  readonly variants: readonly Variant[];
  readonly platforms: readonly Platform[];
}

/** A package with a native library. */
export interface Native {
  /** What tells it from the others: `linux-x64-gnu-gpl`. */
  readonly id: string;
  readonly platform: Platform;
  readonly variant: Variant;
  /** The name of the package. */
  readonly name: string;
}

/** The build matrix of the checkout at `root`. */
export function matrixOf(root: string): Matrix {
  return JSON.parse(readFileSync(join(root, "npm/platforms.json"), "utf8")) as Matrix;
}

/** Every package with a native library that is built, platform by platform, the default variant first. */
export function nativesOf(core: string, { platforms, variants }: Matrix): Native[] {
  return platforms.filter(({ built }) => built).flatMap((platform) =>
    variants.map((variant) => {
      const id = `${platform.platform}${variant.suffix}`;
      return { id, platform, variant, name: `${core}-${id}` };
    })
  );
}

/** The platform that this runs on. */
export function ownPlatform(): string {
  return `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}-gnu`;
}
