/**
 * The backend contract over the native library, the same in every runtime.
 *
 * @module
 */

import type { Backend } from "./contract.ts";
import { errorOf, type Side } from "../base/errors.ts";
import type { ErrorRecord } from "../generated/contract.ts";
import type { Library, RequestPermission } from "./library.ts";

/** The backend over `library`, in a runtime that grants files as `requestPermission` tells. */
export function backendOf(library: Library, requestPermission: RequestPermission): Backend {
  const read = <T>(side: Side, name: "describe" | "stats" | "events", handle: number): T =>
    JSON.parse(told(side, () => library[name](handle)));

  type Open = "openSource" | "openTarget" | "openFilter";
  const open = async (side: Side, name: Open, options: object): Promise<number> =>
    Number(await toldLater(side, library[name](JSON.stringify(options))));

  return {
    wait: async (timeoutMs) => JSON.parse(await toldLater("library", library.wait(timeoutMs))),
    wake: () => library.wake(),
    capabilities: async () => JSON.parse(await toldLater("library", library.capabilities())),
    openSource: (options) => open("source", "openSource", options),
    openTarget: (options) => open("target", "openTarget", options),
    openFilter: (options) => open("observer", "openFilter", options),
    openTap: (options) => told("observer", () => library.openTap(JSON.stringify(options))),
    sourceInfo: (source) => read("source", "describe", source),
    targetInfo: (target) => read("target", "describe", target),
    sourceStats: (source) => read("source", "stats", source),
    targetStats: (target) => read("target", "stats", target),
    filterStats: (filter) => read("observer", "stats", filter),
    tapStats: (tap) => read("observer", "stats", tap),
    events: (handle) => read("library", "events", handle),
    // Written out, for every frame passes here.
    exchange: (tap, outcome, header, data) => {
      try {
        return library.exchange(tap, outcome, header, data);
      } catch (error) {
        throw errorFrom("observer", error);
      }
    },
    append: (target, mode, header, data) => {
      try {
        return library.append(target, mode, header, data);
      } catch (error) {
        throw errorFrom("target", error);
      }
    },
    convert: (...given) => told("library", () => library.convert(...given)),
    crop: (...given) => told("source", () => library.crop(...given)),
    attach: (...pair) => told("observer", () => library.attach(...pair)),
    detach: (...pair) => told("observer", () => library.detach(...pair)),
    start: (observable) => told("source", () => library.start(observable)),
    closeSource: (source) => told("source", () => library.close(source)),
    closeTarget: (target) => told("target", () => library.close(target)),
    closeTap: (tap) => told("observer", () => library.close(tap)),
    closeFilter: (filter) => told("observer", () => library.close(filter)),
    release: (handle) => {
      try {
        library.release(handle);
      } catch {
        // It is no longer there, which is what was asked for.
      }
    },
    requestRead: (path) => requestPermission("read", path),
    requestWrite: (path) => requestPermission("write", path),
  };
}

/** What `call` gives; its error as one of ours, of the class for `side`. */
function told<T>(side: Side, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw errorFrom(side, error);
  }
}

async function toldLater<T>(side: Side, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw errorFrom(side, error);
  }
}

/** Our error for one of the library; one of the runtime, such as for an argument that is no number, stays as it is. */
function errorFrom(side: Side, error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith("{")) return error;
  try {
    return errorOf(side, JSON.parse(error.message) as ErrorRecord);
  } catch {
    return error;
  }
}
