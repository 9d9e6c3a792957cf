// The results, again and again, for who has the address with the key. What lies behind # is sent to no server by itself.
const EVERY = 5000 // milliseconds
const find = selector => element.querySelector(selector)
const key = location.hash.match(/^#results=(.+)$/)?.[1]

function row(kind, cells) {
  const made = document.createElement('tr')
  for (const text of cells) made.appendChild(document.createElement(kind)).textContent = text
  return made
}

function wrong(reply, expected) {
  find('.problem').innerHTML = reply && expected in reply ? '' : reply?.problem ?? 'The server does not answer.'
  return find('.problem').innerHTML !== ''
}

async function refresh() {
  const reply = await server.results({ key })
  if (wrong(reply, 'rows')) return
  find('.caption').textContent = reply.caption
  find('.note').textContent = reply.note
  find('thead').replaceChildren(row('th', reply.header))
  find('tbody').replaceChildren(...reply.rows.map(cells => row('td', cells)))
}

async function download() {
  const reply = await server.answers({ key })
  if (wrong(reply, 'csv')) return
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([reply.csv], { type: 'text/csv' }))
  link.download = 'answers.csv'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

if (key) {
  find('.results').hidden = false
  find('.csv').addEventListener('click', download)
  refresh()
  setInterval(refresh, EVERY)
}
