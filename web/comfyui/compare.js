// The command "Compare before and after", in the toolbox of a selected result: one picture over the other, with a
// divider to drag. It lies over the page and not in a node, so that it is the same in every rendering of nodes.

import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

const COMMAND = "AdaIN.Compare";

const STYLE = `
  dialog { margin: auto; padding: 0; border: 0; background: none; }
  dialog::backdrop { background: rgb(0 0 0 / 85%); }
  div { display: grid; position: relative; }
  div > * { grid-area: 1 / 1; }
  img { width: 100%; height: 100%; object-fit: fill; }
  img.after { width: auto; height: auto; max-width: 94vw; max-height: 94vh; min-width: 40vmin; }
  img.before { position: absolute; clip-path: inset(0 calc(100% - var(--divider)) 0 0); }
  hr { position: absolute; left: var(--divider); height: 100%; margin: 0 -1px; border: 1px solid white; }
  input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }
`;

// What a node shows: the URLs of its pictures.
function pictures(node) {
  const shown = app.nodeOutputs[node.id]?.images ?? [];
  return shown.map((image) => api.apiURL(`/view?${new URLSearchParams(image)}`));
}

// The nodes from which a picture came to this one, nearest first: what is passed on is always the first input.
function origins(node) {
  const before = [];
  for (let next = node.getInputNode(0); next && !before.includes(next); next = next.getInputNode(0)) before.push(next);
  return before;
}

const stylised = (node) => origins(node).some(({ comfyClass }) => comfyClass?.startsWith("AdaIN_"));

function open(before, after) {
  const place = document.createElement("div");
  const shadow = place.attachShadow({ mode: "open" });
  shadow.innerHTML = `<style>${STYLE}</style><dialog><div>
    <img class="after"><img class="before"><hr><input type="range" max="100" step="0.1" aria-label="divider">
  </div></dialog>`;
  const [dialog, frame, range] = ["dialog", "div", "input"].map((name) => shadow.querySelector(name));
  const divide = () => frame.style.setProperty("--divider", `${range.value}%`);
  shadow.querySelector(".before").src = before;
  shadow.querySelector(".after").src = after;
  range.addEventListener("input", divide);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => place.remove());
  divide();
  document.body.append(place);
  dialog.showModal();
}

function compare() {
  const result = Object.values(app.canvas.selected_nodes).find(stylised);
  const after = result && pictures(result);
  const before = result && origins(result).map(pictures).find(({ length }) => length);
  if (!after?.length || !before) {
    const detail = "Select the node that shows the result, when the workflow has run.";
    app.extensionManager.toast.add({ severity: "info", summary: "Nothing to compare yet", detail, life: 5000 });
    return;
  }
  const shown = result.imageIndex ?? 0;
  open(before[shown % before.length], after[shown]);
}

app.registerExtension({
  name: COMMAND,
  commands: [{ id: COMMAND, label: "Compare before and after", icon: "pi pi-arrows-h", function: compare }],
  menuCommands: [{ path: ["Extensions", "AdaIN"], commands: [COMMAND] }],
  getSelectionToolboxCommands: (item) => (item.comfyClass && stylised(item) ? [COMMAND] : []),
});
