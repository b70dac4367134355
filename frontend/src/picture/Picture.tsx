import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { Empty } from '../frame/Empty'
import type { ImageId } from '../protocol'
import type { Shown } from '../session/state'
import { arrived, state, unreadable, wasShown } from '../session/store'
import { AHEAD, address, Preloader } from './preload'

/** A picture whose longer side is at most this is enlarged with crisp pixels. */
const TINY_PIXELS = 128

/** The picture, as large as its place, or what is to be said when there is none. */
export function Picture({ session }: { session: string }) {
  const place = useRef<HTMLDivElement>(null)
  const { current, upcoming, missing, connection } = state.value
  const preloader = useMemo(() => {
    const pixels = Math.max(screen.width, screen.height) * devicePixelRatio
    const addressOf = (image: ImageId) => address(image, session, pixels)
    return new Preloader(addressOf, { failed: unreadable, arrived })
  }, [session])

  // First, so that a picture that is fetched for the screen is not taken for a missing one.
  useLayoutEffect(() => {
    const ids = (images: Shown[]) => images.map(({ image }) => image)
    const line = current ? [current, ...upcoming] : upcoming
    preloader.keep(ids(line.slice(0, AHEAD + 1)), ids(missing))
  }, [current, upcoming, missing, preloader, connection])
  useLayoutEffect(() => () => preloader.keep([], []), [preloader])

  useLayoutEffect(() => {
    if (!place.current || !current) return
    const element = preloader.picture(current.image)
    const show = () => {
      element.classList.toggle(
        'tiny',
        Math.max(element.naturalWidth, element.naturalHeight) <= TINY_PIXELS,
      )
      wasShown(performance.now())
    }
    place.current.replaceChildren(element)
    if (element.complete) show()
    else element.addEventListener('load', show, { once: true })
    // Fetched anew when the connection is back.
  }, [current?.image, preloader, connection])

  if (!current) return <Empty />
  return (
    <div
      ref={place}
      class="picture"
      role="img"
      aria-label={`Image number ${current.image}`}
      data-image={current.image}
    />
  )
}
