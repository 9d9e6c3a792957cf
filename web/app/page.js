// When a tab asks for a result. Promises that are not kept end there: what was to follow them does not happen.
const soon = {}, rests = {}, stopped = {}
// One of many changes at once is enough.
window.askSoon = tab => new Promise(resolve => {
  clearTimeout(rests[tab])
  stopped[tab] = false
  soon[tab] ??= setTimeout(() => {
    delete soon[tab]
    resolve([])
  }, 20)
})
// Once no preview has come for a while; until then, a result in full would be in the way of the next preview.
window.atRest = tab => new Promise(resolve => {
  clearTimeout(rests[tab])
  if (!stopped[tab]) rests[tab] = setTimeout(resolve, 300, [])
})
window.stopResting = tab => {
  clearTimeout(rests[tab])
  stopped[tab] = true
  return []
}

// Gradio learns an event's id from the answer to its order. What is cancelled before that, it cancels by the id null,
// which its server refuses, and the work goes on: the id is awaited here. (What it then resets is nothing by itself.)
const ordered = {}, send = window.fetch
window.fetch = async (where, how) => {
  const [, what] = String(where).match(/gradio_api\/(queue\/join|cancel|reset)\b/) ?? []
  if (what === 'queue/join') {
    const answer = send(where, how)
    ordered[JSON.parse(how.body).fn_index] = answer.then(it => it.clone().json()).then(it => it.event_id, () => null)
    return answer
  }
  const event = what && JSON.parse(how.body)
  if (event?.event_id !== null) return send(where, how)
  const event_id = what === 'cancel' && await ordered[event.fn_index]
  return event_id ? send(where, { ...how, body: JSON.stringify({ ...event, event_id }) }) : Response.json({})
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
