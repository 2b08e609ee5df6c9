// `node node_counts.cjs MODEL.onnx WINDOW ROWS COLUMNS`: the counts that onnxruntime-node finds in a raw uint8 window.
const fs = require("node:fs");
const { InferenceSession, Tensor } = require("onnxruntime-node");

async function main([model, window, rows, columns]) {
  const session = await InferenceSession.create(model);
  const scan = new Tensor("uint8", fs.readFileSync(window), [Number(rows), Number(columns)]);
  const { lens_px, cataract_px } = await session.run({ scan });
  console.log(JSON.stringify({ lens_px: Number(lens_px.data[0]), cataract_px: Number(cataract_px.data[0]) }));
}

main(process.argv.slice(2));
