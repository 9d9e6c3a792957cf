// One question at a time. Which one, the server decides; the browser keeps who answers, so that a reload goes on.
const find = selector => element.querySelector(selector)
const LABELS = { content: 'Photograph', style: 'Style' }
const rater = remembered()
const { pairs, text } = props.survey
let number = 0
let answerable = false

function remembered() {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
  try {
    localStorage.adainRater ??= fresh
    return localStorage.adainRater
  } catch { // a browser that keeps nothing: the next visit is another rater's
    return fresh
  }
}

function make(tag, settings, ...children) {
  const made = Object.assign(document.createElement(tag), settings)
  made.append(...children)
  return made
}

async function ask(message) {
  answerable = false
  const reply = await server.ask({ rater, ...message })
  if (reply?.pictures) return show(reply)
  find('.problem').innerHTML = reply?.problem ?? 'The server does not answer. What you have answered is kept: try again.'
  answerable = number > 0
}

function answer(given) {
  if (answerable && !find('.ask').hidden) ask({ number, answer: given })
}

function back() {
  if (answerable && number > 1) ask({ number: number - 1 })
}

async function show(reply) {
  const picture = (alt, src) => make('img', { alt, src })
  const beside = Object.entries(reply.beside).map(([kind, src]) => [kind, picture(LABELS[kind], src)])
  const pictures = reply.pictures.map((src, index) => picture(pairs ? `Picture ${'AB'[index]}` : 'Picture', src))
  await Promise.all([...beside.map(([, each]) => each), ...pictures].map(each => each.decode())) // all appear at once
  const done = !pictures.length
  number = reply.number
  find('.ask').hidden = done
  find('.thanks').hidden = !done
  find('.problem').textContent = ''
  find('.progress').textContent = done ? '' : `${number} of ${reply.total}`
  find('.back').disabled = number < 2
  find('.skip').disabled = find('.keys').hidden = done
  find('.beside').replaceChildren(...beside.map(([kind, each]) => make('figure', {}, make('figcaption', {}, LABELS[kind]), each)))
  find('.pictures').replaceChildren(...pairs ? pictures.map((each, index) => choice(each, index, reply.answer)) : pictures)
  for (const button of element.querySelectorAll('.scale button')) press(button, reply.answer === button.textContent)
  answerable = true
}

function choice(picture, index, before) {
  const given = ['first', 'second'][index]
  const button = make('button', { type: 'button', className: 'choice', onclick: () => answer(given) }, picture)
  button.append(make('span', {}, 'AB'[index]))
  button.setAttribute('aria-label', `Choose picture ${'AB'[index]}`)
  press(button, before === given)
  return button
}

function press(button, pressed) {
  button.setAttribute('aria-pressed', pressed)
}

function pressed(event) {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return
  const key = event.key
  const given = pairs ? { ArrowLeft: 'first', ArrowRight: 'second' }[key] : /^\d$/.test(key) && (key === '0' ? '10' : key)
  if (given) answer(given)
  else if (key === 'Backspace') back()
  else if (key === 's') answer('skip')
  else return
  event.preventDefault()
}

function begin() {
  find('.text').textContent = text
  find('.pictures').classList.toggle('pair', pairs)
  find('.scale').hidden = find('.ends').hidden = pairs
  for (let rating = 1; rating <= 10 && !pairs; rating++) {
    find('.scale').append(make('button', { type: 'button', onclick: () => answer(`${rating}`) }, `${rating}`))
  }
  find('.keys').textContent = `Keys: ${pairs ? '← and → choose' : '1 to 9, and 0 for 10'}, Backspace goes back, S skips.`
  find('.back').addEventListener('click', back)
  find('.skip').addEventListener('click', () => answer('skip'))
  document.addEventListener('keydown', pressed)
  ask({})
}

addEventListener('hashchange', () => location.reload())
if (location.hash.startsWith('#results=')) element.hidden = true
else begin()
