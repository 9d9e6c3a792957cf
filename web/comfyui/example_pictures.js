// The pack's own workflows show its example pictures and clip, which a new user does not have in the host's input folder.
//
// Nodes that load one say so in the property `adain_example`, a path below examples/pictures. Before such a workflow is
// opened, the pictures that are missing are uploaded, from where the host serves the pack's examples. Files that are
// there already stay as they are, and other workflows are not touched.

import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

const [pack] = new URL(import.meta.url).pathname.split("/").slice(-2);
const PICTURE = /^(content|style|mask|clip)\/\w+\.(jpg|png|mp4)$/;
const LOADERS = { LoadImage: "image", LoadVideo: "file" }; // and the widgets that name their files
const fileName = (path) => path.split("/").pop();

async function inputFiles([loader, input]) {
  const known = await (await api.fetchApi(`/object_info/${loader}`)).json();
  const [files, options] = known[loader].input.required[input];
  return Array.isArray(files) ? files : options.options;
}

async function upload(path) {
  const picture = await api.fetchApi(`/workflow_templates/${pack}/pictures/${path}`);
  if (!picture.ok) return; // the node will say that the picture is missing
  const form = new FormData();
  form.append("image", await picture.blob(), fileName(path));
  await api.fetchApi("/upload/image", { method: "POST", body: form });
}

app.registerExtension({
  name: "AdaIN.ExamplePictures",

  async beforeConfigureGraph({ nodes }) {
    const wanted = new Set(nodes.map((node) => node.properties?.adain_example).filter((path) => PICTURE.test(path)));
    if (wanted.size === 0) return;
    const there = (await Promise.all(Object.entries(LOADERS).map(inputFiles))).flat();
    await Promise.all([...wanted].filter((path) => !there.includes(fileName(path))).map(upload));
  },

  loadedGraphNode(node) {
    if (!node.properties?.adain_example) return;
    const name = fileName(node.properties.adain_example);
    const files = node.widgets?.find((widget) => Object.values(LOADERS).includes(widget.name))?.options.values;
    if (Array.isArray(files) && !files.includes(name)) files.push(name); // listed before it was uploaded
  },
});
