// The camera, frame by frame. The value goes out as a JPEG of what it sees, a data: URL, with the event `input`, and
// comes back as one of the result; then the next frame is sent. So the rate is that of whoever computes.
const LONG_SIDE = 384
const PATIENCE = 5000 // milliseconds after which a result is not waited for any longer
const toggle = element.querySelector('.toggle')
const rate = element.querySelector('.rate')
const live = element.querySelector('.live')
const video = element.querySelector('video')
const canvas = document.createElement('canvas')
let times = []
let sent = ''
let waiting = 0

function send() {
  clearTimeout(waiting)
  if (!video.srcObject) return
  waiting = setTimeout(send, PATIENCE)
  if (document.hidden || !video.videoWidth) return
  const scale = Math.min(1, LONG_SIDE / Math.max(video.videoWidth, video.videoHeight))
  canvas.width = Math.round(scale * video.videoWidth)
  canvas.height = Math.round(scale * video.videoHeight)
  canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height)
  sent = canvas.toDataURL('image/jpeg', 0.9)
  props.value = sent
  trigger('input')
}

watch('value', () => {
  if (!video.srcObject || !props.value || props.value === sent) return
  live.src = props.value
  live.hidden = false
  times = [...times.slice(-10), performance.now()]
  if (times.length > 1) {
    const seconds = (times.at(-1) - times[0]) / 1000
    rate.textContent = `${((times.length - 1) / seconds).toFixed(1)} frames per second`
  }
  send()
})

async function start() {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true })
  } catch (error) {
    rate.textContent = navigator.mediaDevices
      ? `There is no camera that may be used (${error.name}). Use a clip instead.`
      : 'Browsers lend the camera only to pages at https:// or on this machine. Use a clip instead.'
    return
  }
  toggle.textContent = 'Stop the camera'
  rate.textContent = 'Waiting for the first frame …'
  times = []
  await video.play()
  send()
}

function stop() {
  clearTimeout(waiting)
  video.srcObject.getTracks().forEach(track => track.stop())
  video.srcObject = null
  toggle.textContent = 'Start the camera'
}

toggle.addEventListener('click', () => video.srcObject ? stop() : start())
document.addEventListener('visibilitychange', send)
