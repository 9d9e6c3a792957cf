// Blend Styles shows the weights of the styles that are connected, and no others.
//
// Only how widgets look changes, which is neither saved nor sent: workflows and prompts stay what they are.
// A rendering that does not know `hidden` (the new one of early front ends) shows all weights.

import { app } from "../../scripts/app.js";

function showConnected(node) {
  for (const widget of node.widgets) {
    const names = [widget.name, widget.name.replace("weight", "style")];
    widget.hidden = !node.inputs.some(({ name, link }) => names.includes(name) && link != null);
    if (widget.hidden) widget.computeSize = () => [0, -4]; // as early front ends leave room for hidden ones too
    else delete widget.computeSize;
  }
  node.setSize([node.size[0], node.computeSize()[1]]);
  node.setDirtyCanvas(true, true);
}

app.registerExtension({
  name: "AdaIN.BlendWeights",
  nodeCreated(node) {
    if (node.comfyClass !== "AdaIN_BlendStyles") return;
    const inherited = node.onConnectionsChange;
    node.onConnectionsChange = function (...change) {
      inherited?.apply(this, change);
      showConnected(this);
    };
    showConnected(node);
  },
});
