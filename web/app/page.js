// When a tab asks for a result. Promises that are not kept end there: what was to follow them does not happen.
const soon = {}, rests = {}
// One of many changes at once is enough.
window.askSoon = tab => new Promise(resolve => {
  soon[tab] ??= setTimeout(() => {
    delete soon[tab]
    resolve([])
  }, 20)
})
// Once no preview has come for a while; until then, a result in full would be in the way of the next preview.
window.atRest = tab => new Promise(resolve => {
  clearTimeout(rests[tab])
  rests[tab] = setTimeout(resolve, 300, [])
})
window.stopResting = tab => {
  clearTimeout(rests[tab])
  return []
}

// What Gradio's components lack for keyboards and screen readers.

function name(element, attribute, text) {
  if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text)
}

function nudge(handle, step) {
  const frame = handle.parentElement.getBoundingClientRect()
  const { left, top, width, height } = handle.getBoundingClientRect()
  const [x, y] = [left + width / 2, top + height / 2]
  const to = Math.min(frame.right, Math.max(frame.left, x + step * frame.width))
  const mouse = (type, clientX) => new MouseEvent(type, { clientX, clientY: y, view: window, bubbles: true })
  handle.dispatchEvent(mouse('mousedown', x))
  window.dispatchEvent(mouse('mousemove', to))
  window.dispatchEvent(mouse('mouseup', to))
}

function keyed(event) {
  const step = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key]
  if (!step) return
  event.preventDefault()
  nudge(event.currentTarget, step)
}

function label() {
  for (const picture of document.querySelectorAll('.examples button img')) {
    name(picture.closest('button'), 'aria-label', picture.alt)
  }
  for (const slider of document.querySelectorAll('.compare')) {
    slider.querySelectorAll('img').forEach((picture, index) => name(picture, 'alt', ['Photograph', 'Result'][index]))
    const handle = slider.querySelector('[data-testid="slider"]')
    if (!handle || handle.tabIndex === 0) continue
    handle.tabIndex = 0
    name(handle, 'role', 'separator')
    name(handle, 'aria-label', 'Border between photograph and result; move it with the arrow keys')
    handle.addEventListener('keydown', keyed)
  }
}

new MutationObserver(label).observe(document.body, { subtree: true, childList: true })
label()
