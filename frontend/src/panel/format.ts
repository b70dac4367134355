// Numbers as people read them.

/** Between groups of digits: narrow, and no line ends there. */
const THIN = '\u202f'

/** Digits in threes, from five of them on; no more than three decimals. */
export function grouped(number: number): string {
  const [whole = '', decimals] = String(Number(number.toFixed(3))).split('.')
  const inThrees = whole.length > 4 ? whole.replace(/\d(?=(\d{3})+$)/g, `$&${THIN}`) : whole
  return decimals ? `${inThrees}.${decimals}` : inThrees
}

/** As much of a number as can be relied on where it is only expected: two digits. */
export function about(number: number): string {
  return grouped(number < 100 ? Math.round(number) : Number(number.toPrecision(2)))
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** So many of them. */
export function counted(number: number, name: string): string {
  return `${grouped(number)} ${name}${number === 1 ? '' : 's'}`
}

/** Hours, minutes and seconds, the largest two. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  if (h > 0) return `${grouped(h)} h ${m} min`
  if (m > 0) return `${m} min ${s} s`
  return `${s} s`
}

/** A time that is only expected: seconds, minutes, hours and minutes, or many hours. */
export function roughly(seconds: number): string {
  if (seconds === 0) return '0 s'
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return minutes < 600 ? duration(minutes * 60) : `${about(minutes / 60)} h`
}

/** What such a time lies between; a unit that both ends have stands once. */
export function roughlyBetween(low: number, high: number): string {
  const [from, to] = [roughly(low), roughly(high)]
  const [[number = '', ...unit], [, ...unitOfTo]] = [from.split(' '), to.split(' ')]
  const isOnce = unit.length === 1 && (number === '0' || unit.join() === unitOfTo.join())
  return `${isOnce ? number : from} to ${to}`
}

/** A short time, with its tenths. */
export function moment(seconds: number): string {
  return `${seconds.toFixed(1)} s`
}
