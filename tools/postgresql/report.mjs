// Reads what `go test -json` writes. Prints a line for each package, each skipped test with its reason, and what failed.
// Fails when no test ran: `go test` reports success for an empty pattern.
import { createInterface } from 'node:readline'

let passed = 0
const output = new Map() // by test
const decoration = /^\s*(===|---) /

for await (const line of createInterface({ input: process.stdin })) {
  let event
  try {
    event = JSON.parse(line)
  } catch {
    console.log(line) // the go command's own
    continue
  }
  const { Action: action, Test: test, Output: text = '', Package: name = event.ImportPath } = event
  const key = `${name} ${test ?? ''}`
  if (action === 'output') output.set(key, [...(output.get(key) ?? []), text])
  if (action === 'build-output') process.stdout.write(text)
  if (!['pass', 'skip', 'fail'].includes(action)) continue

  if (test && action === 'pass') passed++
  const said = output.get(key) ?? []
  output.delete(key)
  const told = said.filter((text) => !decoration.test(text))
  if (!test && action === 'pass') console.log(`ok   ${name} ${event.Elapsed} s`)
  if (test && action === 'skip') console.log(`skip ${name} ${test}\n${(told.at(-1) ?? '').trimEnd()}`) // the reason comes last
  if (action === 'fail') console.log(`FAIL ${name} ${test ?? ''}\n${told.join('').trimEnd()}`)
}
console.log(`${passed} tests passed`)
process.exitCode = passed > 0 ? 0 : 1
