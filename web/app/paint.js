// Colours painted over the photograph of the same tab. The value is a PNG as a data: URL, transparent where nothing is
// painted, or empty; the end of every stroke triggers `input`.
const LONG_SIDE = 768
const picture = element.querySelector('.board img')
const canvas = element.querySelector('canvas')
const ring = element.querySelector('.brush')
const thickness = element.querySelector('.thickness')
const pen = canvas.getContext('2d')
const inside = number => Math.min(1, Math.max(0, number))
let place = [0.5, 0.5]
let held = false // the space bar is

function diameter() {
  return thickness.value / 100 * Math.min(canvas.width, canvas.height)
}

function show() {
  ring.style.left = `${100 * place[0]}%`
  ring.style.top = `${100 * place[1]}%`
  ring.style.width = `${100 * diameter() / canvas.width}%`
}

function move(to, painting) {
  const [from, color] = [place, element.querySelector('[name=brush]:checked').value]
  place = to.map(inside)
  show()
  if (!painting) return
  pen.globalCompositeOperation = color ? 'source-over' : 'destination-out'
  pen.strokeStyle = color || 'black'
  pen.lineWidth = diameter()
  pen.lineCap = 'round'
  pen.beginPath()
  pen.moveTo(from[0] * canvas.width, from[1] * canvas.height)
  pen.lineTo(place[0] * canvas.width + 0.01, place[1] * canvas.height) // a point is a short line
  pen.stroke()
}

function send() {
  props.value = canvas.toDataURL('image/png')
  trigger('input')
}

function pointed(event) {
  const { left, top, width, height } = canvas.getBoundingClientRect()
  return [(event.clientX - left) / width, (event.clientY - top) / height]
}

canvas.addEventListener('pointerdown', event => {
  event.preventDefault()
  canvas.setPointerCapture(event.pointerId)
  canvas.focus({ preventScroll: true })
  move(pointed(event), false)
  move(place, true)
})
canvas.addEventListener('pointermove', event => move(pointed(event), canvas.hasPointerCapture(event.pointerId)))
canvas.addEventListener('lostpointercapture', send)

canvas.addEventListener('keydown', event => {
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], ' ': [0, 0] }[event.key] ?? []
  if (x === undefined) return
  event.preventDefault()
  held ||= event.key === ' '
  const step = event.shiftKey ? 0.1 : 0.02
  move([place[0] + step * x, place[1] + step * y], held)
})
function release(event) {
  if (!held || event.type === 'keyup' && event.key !== ' ') return
  held = false
  send()
}
canvas.addEventListener('keyup', release)
canvas.addEventListener('blur', release)

element.querySelector('.clear').addEventListener('click', () => {
  pen.clearRect(0, 0, canvas.width, canvas.height)
  send()
})
thickness.addEventListener('input', show)

// Another photograph has nothing painted on it.
picture.addEventListener('load', () => {
  const scale = LONG_SIDE / Math.max(picture.naturalWidth, picture.naturalHeight)
  canvas.width = Math.round(scale * picture.naturalWidth)
  canvas.height = Math.round(scale * picture.naturalHeight)
  props.value = ''
  show()
})
function dress() {
  const shown = document.querySelector('#regions-photo img')?.src ?? ''
  if (picture.getAttribute('src') !== shown) picture.src = shown
}
new MutationObserver(dress).observe(document.body, {
  subtree: true, childList: true, attributes: true, attributeFilter: ['src'],
})
dress()
