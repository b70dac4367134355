import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { state, unreadable, wasShown } from '../session/store'
import { AHEAD, address, Preloader } from './preload'

/** A picture whose longer side is at most this is enlarged with crisp pixels. */
const TINY_PIXELS = 128

/** The picture, as large as its place. */
export function Picture({ session }: { session: string }) {
  const place = useRef<HTMLDivElement>(null)
  const { current, upcoming, connection } = state.value
  const preloader = useMemo(() => {
    const pixels = Math.max(screen.width, screen.height) * devicePixelRatio
    return new Preloader((image) => address(image, session, pixels), unreadable)
  }, [session])

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

  useEffect(() => {
    const line = current ? [current, ...upcoming] : upcoming
    preloader.keep(line.slice(0, AHEAD + 1).map(({ image }) => image))
  }, [current, upcoming, preloader, connection])

  return (
    <div
      ref={place}
      class="picture"
      role="img"
      aria-label={current ? `Image number ${current.image}` : 'No image'}
      data-image={current?.image}
    />
  )
}
