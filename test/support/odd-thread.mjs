/** A thread in the place of the strength estimate's, for what the real one does only when it is broken. */
import { parentPort } from 'node:worker_threads'

parentPort.on('message', ({ parts }) => {
  if (parts[0] === 'die') throw new Error('a fault in the thread')
  if (parts[0] !== 'hang') parentPort.postMessage(parts.map((part) => [...part].length).join('+'))
})
parentPort.postMessage('ready')
