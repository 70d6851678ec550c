/**
 * `record.mjs` in a CommonJS program, for Node 20.19, 22.12 and newer: `node record.cjs in.mp4 out.mp4`.
 *
 * `require` returns the same module as `import`.
 */

const { argv } = require("node:process");
const { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } = require("@giftgrab/core");

const [input = "in.mp4", output = "out.mp4"] = argv.slice(2);

async function record() {
  const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420);
  const writer = await VideoTargetFactory.getInstance()
    .createFileWriter(Codec.HEVC, output, reader.getFrameRate());

  reader.attach(writer);
  await reader.ended;
  const report = await writer.close();
  await reader.close();

  console.log(report.stats.frames);
}

record();
