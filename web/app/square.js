// A square with a point in it. The value is [x, y] in [0, 1], from the top left corner; moving it triggers `input`.
const square = element.querySelector('.square')
const point = element.querySelector('.point')
const inside = number => Math.min(1, Math.max(0, number))
let place = [0.5, 0.5]

function move(x, y) {
  place = [inside(x), inside(y)]
  const [right, down] = place.map(part => Math.round(100 * part))
  point.style.left = `${right}%`
  point.style.top = `${down}%`
  point.setAttribute('aria-valuenow', right)
  point.setAttribute('aria-valuetext', `${right} % to the right, ${down} % down`)
  props.value = place
  trigger('input')
}

function follow(event) {
  const { left, top, width, height } = square.getBoundingClientRect()
  move((event.clientX - left) / width, (event.clientY - top) / height)
}

square.addEventListener('pointerdown', event => {
  square.setPointerCapture(event.pointerId)
  event.preventDefault()
  point.focus()
  follow(event)
})
square.addEventListener('pointermove', event => {
  if (square.hasPointerCapture(event.pointerId)) follow(event)
})
point.addEventListener('keydown', event => {
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0]
  if (!x && !y) return
  event.preventDefault()
  const step = event.shiftKey ? 0.25 : 0.05
  move(place[0] + step * x, place[1] + step * y)
})

// The corners show the styles that were chosen for them.
const corners = [...element.querySelectorAll('.corner')]
function dress() {
  for (const corner of corners) {
    const picture = document.querySelector(`#${corner.dataset.of} img`)
    const shown = picture ? `url("${picture.src}")` : 'none'
    if (corner.style.backgroundImage !== shown) corner.style.backgroundImage = shown
  }
}
new MutationObserver(dress).observe(element.closest('.desk') ?? document.body, {
  subtree: true, childList: true, attributes: true, attributeFilter: ['src'],
})
dress()
