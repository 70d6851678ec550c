/** Measures how long the import of the library takes, and the first frame of the file that the argument names. */

import process from "node:process";

const started = performance.now();
const { ColourSpace, VideoSourceFactory } = await import("@giftgrab/core");
const imported = performance.now();
const reader = await VideoSourceFactory.getInstance().createFileReader(process.argv[2], ColourSpace.BGRA);
const shown = await new Promise((resolve) => reader.attach(() => resolve(performance.now())));
console.log(JSON.stringify({ importMs: imported - started, frameMs: shown - started }));
await reader.close();
