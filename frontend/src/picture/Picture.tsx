import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { Empty } from '../frame/Empty'
import type { Answer, ImageId } from '../protocol'
import { notShown, placed, wasShown } from '../session/attention'
import type { Shown } from '../session/state'
import { arrived, state, unreadable } from '../session/store'
import { covering, type Detail } from './detail'
import { AHEAD, address, Preloader } from './preload'
import { Stage } from './stage'

interface Props {
  session: string
  /** What a swipe says. */
  answer: (said: Answer) => void
  /** What lies over the picture. */
  children?: ComponentChildren
}

/** The picture, as large as its place, or what is to be said when there is none. */
export function Picture({ session, answer, children }: Props) {
  const [place, layer] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)]
  const stage = useRef<Stage | null>(null)
  const latest = useRef(answer)
  latest.current = answer
  const { current, upcoming, missing, connection } = state.value
  const { preloader, detail } = useMemo(() => {
    const detail = covering(Math.max(screen.width, screen.height) * devicePixelRatio)
    const addressOf = (image: ImageId) => address(image, session, detail)
    return { preloader: new Preloader(addressOf, { failed: unreadable, arrived }), detail }
  }, [session])

  // First, so that a picture that is fetched for the screen is not taken for a missing one.
  useLayoutEffect(() => {
    const ids = (images: Shown[]) => images.map(({ image }) => image)
    const line = current ? [current, ...upcoming] : upcoming
    preloader.keep(ids(line.slice(0, AHEAD + 1)), ids(missing))
  }, [current, upcoming, missing, preloader, connection])
  useLayoutEffect(() => () => preloader.keep([], []), [preloader])

  const isThere = current !== null
  useLayoutEffect(() => {
    if (!isThere || !place.current || !layer.current) return
    const made = new Stage(place.current, layer.current, {
      addressOf: (image: ImageId, detail: Detail) => address(image, session, detail),
      current: () => {
        const { current, replay } = state.peek()
        return replay ? null : (current?.image ?? null)
      },
      gone: notShown,
      placed: (image) => {
        placed.value = image
      },
      shown: (image) => wasShown(image, performance.now()),
      answer: (said) => latest.current(said),
    })
    stage.current = made
    return () => {
      stage.current = null
      made.end()
    }
  }, [isThere, session])

  useLayoutEffect(() => {
    if (current) stage.current?.show(current.image, preloader.picture(current.image), detail)
    // Fetched anew when the connection is back.
  }, [current?.image, preloader, connection])

  if (!current) return <Empty />
  return (
    <div ref={place} class="picture" data-image={current.image}>
      <div ref={layer} class="layer" role="img" aria-label={`Image number ${current.image}`} />
      {children}
    </div>
  )
}
