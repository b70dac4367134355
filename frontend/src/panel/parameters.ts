// Values of parameters, as a field shows them and as the server wants them.

import type { Parameter, Value } from '../protocol'

/** What a field shows. */
export function text(value: Value): string {
  return String(Object.values(value)[0])
}

/** What was written in a field, as the parameter's type; none if it isn't of it. */
export function read({ default: type }: Parameter, written: string): Value | null {
  if ('boolean' in type) return { boolean: written === 'true' }
  if ('text' in type) return { text: written }
  if (written.trim() === '') return null
  const number = Number(written)
  if ('integer' in type) return Number.isSafeInteger(number) ? { integer: number } : null
  return Number.isFinite(number) ? { number } : null
}

/** Whether a value is in the parameter's range; the server looks again. */
export function inRange({ range }: Parameter, value: Value): boolean {
  const number = 'integer' in value ? value.integer : 'number' in value ? value.number : null
  return !range || number === null || (range[0] <= number && number <= range[1])
}
