/**
 * Runs the files of tests that are named, one after the other in this process: most of what a file takes goes into loading the
 * service and into its first database. A test of its own begins and ends each file, so that the report tells them apart.
 */
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { t } from 'tap'

const files = process.argv.slice(2)
let [toldSeconds, toldProcessorSeconds] = [0, 0]

/** Of this process, and on Linux of those that it started and waited for. */
function processorSeconds(): number {
  if (process.platform !== 'linux') {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000_000
  }
  const [, fields] = readFileSync('/proc/self/stat', 'utf8').split(') ')
  const times = fields!.split(' ').slice(11, 15).map(Number)
  // The kernel counts in hundredths of a second here, whatever its own ticks are.
  return times.reduce((sum, time) => sum + time, 0) / 100
}

/** What the file took that ends now; what starts the process is the first one's. */
function takenSince(): string {
  const [seconds, ofProcessors] = [performance.now() / 1_000, processorSeconds()]
  const told = `${(seconds - toldSeconds).toFixed(2)} s, ${(ofProcessors - toldProcessorSeconds).toFixed(2)} s of processors`
  ;[toldSeconds, toldProcessorSeconds] = [seconds, ofProcessors]
  return told
}

/** Names what comes next within a test, since a process without a next test takes itself for done. */
function runNext(): void {
  const file = files.shift()
  if (file === undefined) return
  void t.test(`begin of ${file}`, async (begin) => {
    await import(pathToFileURL(file).href)
    begin.pass('loads')
    void t.test(`end of ${file}`, async (end) => {
      end.pass(takenSince())
      runNext()
    })
  })
}
runNext()
