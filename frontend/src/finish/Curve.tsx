import { useMemo } from 'preact/hooks'
import { ChartOf } from '../panel/charts/Chart'
import type { CurvePoint } from '../protocol'
import { columnsOf, curve as kind } from './curve'

/** Drawn, read by pointer and keyboard, and as a table: like the other charts. */
export function Curve({ curve, mark }: { curve: CurvePoint[]; mark: number | null }) {
  const columns = useMemo(() => columnsOf(curve), [curve])
  return <ChartOf kind={kind} columns={columns} mark={mark} />
}
